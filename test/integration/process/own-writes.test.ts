import { openSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { startApp } from '../../support/app.ts'
import { run, until } from '../../support/child.ts'
import { createProject, type Project } from '../../support/project.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))
/** Longer than what an ending app has written may be reported late. */
const AFTERMATH = 400
/** Longer than a process takes to start that should not be started. */
const BOOT = 2000

const FILES = {
  'src/main.ts':
    "import { readFileSync } from 'node:fs'\nconst text = readFileSync(new URL('../data.json', import.meta.url), 'utf8')\nconsole.log('runs ' + text)\nsetInterval(() => {}, 1000)\nJSON.parse(text)",
  'data.json': 'not yet',
}

/** The clock of the files is another than ours: ours is moved. */
function moveClock(milliseconds: number): void {
  const { now } = Date
  vi.spyOn(Date, 'now').mockImplementation(() => now() + milliseconds)
  onTestFinished(() => void vi.restoreAllMocks())
}

const clocks: [clock: string, milliseconds: number][] = [
  ['that of this machine', 0],
  ['an hour behind', 3_600_000],
  ['an hour ahead', -3_600_000],
]

test.each(clocks)(
  'a save of a file that an app has read starts it again after its crash; clock of the files: %s',
  async (_, ms) => {
    const app = await startApp(FILES, { standby: false })
    moveClock(ms)
    await app.line(/^runs not yet/)
    await app.line(/exited with code 1.*waiting for a save/)
    await delay(AFTERMATH)
    app.project.write('data.json', '{}')
    await app.line(/^runs \{\}/)
  },
)

test.each(clocks)(
  'what an app has written before it ends does not start it again; clock of the files: %s',
  async (_, ms) => {
    moveClock(ms)
    const writes = `import { appendFileSync } from 'node:fs'
    import { fileURLToPath } from 'node:url'
    const log = fileURLToPath(new URL('../app.log', import.meta.url))
    setInterval(() => {}, 1000)
    process.on('SIGUSR2', () => {
      appendFileSync(log, 'a line')
      setTimeout(() => {
        appendFileSync(log, 'the last line')
        process.exit(1)
      }, 30)
    })
    console.log('runs')`
    const app = await startApp({ 'src/main.ts': writes, 'app.log': '', 'data.txt': '' }, { standby: false })
    const runs = () => app.lines.filter((line) => line === 'runs').length
    await app.line(/^runs$/)
    process.kill(app.hub.runners[0]!.pid!, 'SIGUSR2')
    await app.line(/exited with code 1.*waiting for a save/)
    await delay(BOOT)
    expect(runs()).toBe(1)
    app.project.write('data.txt', 'saved')
    await until(() => runs() === 2, 'the start after a save')
  },
)

const CRASHES = {
  'package.json': '{ "type": "module" }',
  'main.ts': "console.log('runs')\nsetTimeout(() => { throw new Error('no such table') }, 1000)",
  'data.txt': '',
}

/** Resolves when nothing but a save has started the app again. */
async function expectCalm(project: Project): Promise<void> {
  const log = () => project.read('app.log')
  const runs = () =>
    log()
      .split('\n')
      .filter((line) => line === 'runs').length
  await until(() => log().includes('waiting for a save'), 'the crash')
  await delay(BOOT)
  expect(runs()).toBe(1)
  project.write('data.txt', 'saved')
  await until(() => runs() === 2, 'the start after a save')
  await delay(BOOT)
  expect(runs()).toBe(2)
}

test('output that is redirected into the root does not start an app again', async () => {
  const project = createProject({ ...CRASHES, 'app.log': '' })
  const log = openSync(project.path('app.log'), 'a')
  const running = run(process.execPath, [cli, 'main.ts'], { cwd: project.root, stdio: ['ignore', log, log] })
  onTestFinished(() => running.end())
  await expectCalm(project)
})

test.skipIf(process.platform === 'win32')(
  'output that another program writes into the root does not start an app again',
  async () => {
    const project = createProject({ ...CRASHES, 'app.log': '' })
    const line = `'${process.execPath}' '${cli}' main.ts 2>&1 | tee app.log`
    const running = run('sh', ['-c', line], { cwd: project.root })
    onTestFinished(() => running.end())
    await expectCalm(project)
  },
)
