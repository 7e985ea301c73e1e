import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { run } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

function start(main: string, files: Record<string, string> = {}) {
  const project = createProject({ 'package.json': '{ "type": "module" }', 'src/main.ts': main, ...files })
  const running = run(process.execPath, [cli, 'src/main.ts'], {
    cwd: project.root,
    env: { ...process.env, NO_COLOR: '1' },
  })
  onTestFinished(() => running.end())
  return { project, running }
}

const GOOD = "console.log('good'); setInterval(() => {}, 1000)"

test.each([
  ['an entry that throws', "throw new Error('no')"],
  ['an entry whose top-level await rejects', "await Promise.reject(new Error('no'))"],
  ['a start behind a promise that is refused', "Promise.resolve().then(() => { throw new Error('no') })"],
  ['a start that gives up', 'setTimeout(() => process.exit(1), 10)'],
  [
    'a start that gives up and takes its time to end',
    `process.on('exit', () => { for (const end = Date.now() + 500; Date.now() < end; ); })
    setTimeout(() => process.exit(1), 10)`,
  ],
  [
    'a port that is taken',
    `import { createServer } from 'node:http'
    createServer().listen(0, () => {}).once('listening', function () { createServer().listen(this.address().port) })`,
  ],
])('ready is not said of %s, and is said when it has been mended', async (_, main) => {
  const { project, running } = start(main)
  await running.match(/exited with code 1.*waiting for a save|waiting for a save/)
  expect(running.text).not.toMatch(/\] ready/)
  const before = running.text.length
  project.write('src/main.ts', GOOD)
  await running.match(/\[vite-tether\] ready, pid \d+/, before)
  expect(running.text.slice(before)).toMatch(/good[\s\S]*ready/)
})

test('ready is said again when an app that has crashed runs again, and of no restart', async () => {
  const { project, running } = start(GOOD)
  await running.match(/\] ready in/)
  project.write('src/main.ts', `setTimeout(() => { throw new Error('later') }, 300)`)
  await running.match(/exited with code 1.*waiting for a save/)
  const before = running.text.length
  project.write('src/main.ts', GOOD)
  await running.match(/\] ready, pid \d+/, before)
  project.write('src/main.ts', `setTimeout(console.log, 300, 'goes on'); ${GOOD}`)
  await running.match(/restarted[\s\S]*goes on/, before)
  expect(running.text.match(/\] ready/g)).toHaveLength(2)
})

test.each([
  [
    'a port',
    `import { createServer } from 'node:http'
    const server = createServer().listen(0, '127.0.0.1', () => console.log('listening'))`,
  ],
  [
    'a port behind an await',
    `import { createServer } from 'node:http'
    import { once } from 'node:events'
    const server = createServer().listen(0)
    await once(server, 'listening')
    console.log('listening')`,
  ],
])('ready is said after the app listens, once: %s', async (_, main) => {
  const { running } = start(main)
  await running.match(/\[vite-tether\] ready in \d+ ms, pid \d+/)
  expect(running.text).toMatch(/listening[\s\S]*\] ready/)
  expect(running.text.match(/\] ready/g)).toHaveLength(1)
})

/** The system has told the parent of the end of a process when none of its threads is left. */
const HAS_ENDED = `(pid) => /\\) Z/.test(readFileSync('/proc/' + pid + '/stat', 'utf8')) && readdirSync('/proc/' + pid + '/task').length === 1`

test.runIf(process.platform === 'linux')(
  'ready is not said of an app whose end a busy server has not heard yet',
  async () => {
    const app = `import { existsSync, writeFileSync } from 'node:fs'
      writeFileSync('begun', String(process.pid))
      setTimeout(() => {
        while (!existsSync('busy'));
        setTimeout(() => process.exit(3), 200)
      })`
    const { running } = start(app, {
      'vite.config.js': `import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
        const hasEnded = ${HAS_ENDED}
        const timer = setInterval(() => {
          if (!existsSync('begun') || readFileSync('begun', 'utf8') === '') return
          clearInterval(timer)
          writeFileSync('busy', '')
          while (!hasEnded(readFileSync('begun', 'utf8')));
        }, 1)
        export default {}`,
    })
    await running.match(/exited with code 3.*waiting for a save/)
    expect(running.text).not.toMatch(/\] ready/)
  },
)

test.each([
  [
    'has timers of its own',
    `for (const name of ['setTimeout', 'setInterval', 'setImmediate']) globalThis[name] = () => 0
    performance.now = () => 0
    const { createServer } = await import('node:net')
    createServer().listen(0)`,
  ],
  ['keeps its loop busy at the start', `for (const end = Date.now() + 1500; Date.now() < end; );\n${GOOD}`],
  [
    'keeps its loop busy behind its start',
    `setTimeout(() => { for (const end = Date.now() + 1500; Date.now() < end; ); }, 10)\n${GOOD}`,
  ],
  ['has an exit code already', `process.exitCode = 3\n${GOOD}`],
  [
    'runs by a worker',
    `import { Worker } from 'node:worker_threads'\nnew Worker('setInterval(() => {}, 1000)', { eval: true })`,
  ],
])('ready is said, once, of an app that %s', async (_, main) => {
  const { running, project } = start(main)
  await running.match(/\] ready in \d+ ms, pid \d+/)
  project.write('src/main.ts', `console.log('next')\n${GOOD}`)
  await running.match(/restarted[\s\S]*good/)
  expect(running.text.match(/\] ready/g)).toHaveLength(1)
})
