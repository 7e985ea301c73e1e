/** Files that an app writes and imports: it says how to leave them out, and `--exclude` does. */
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { run, until } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

/** Writes a module that it imports, another one each time, when it is told to go on. */
const WRITES = `import { existsSync, writeFileSync } from 'node:fs'
  import { made } from './made.ts'
  import { saved } from './saved.ts'
  console.log('runs with ' + saved + ', made: ' + made)
  const timer = setInterval(() => {
    if (!existsSync('go')) return
    clearInterval(timer)
    writeFileSync('src/made.ts', 'export const made = ' + process.hrtime.bigint() + 'n')
    console.log('has written')
  }, 20)
  setInterval(() => {}, 1000)`

function start(...flags: string[]) {
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'src/main.ts': WRITES,
    'src/made.ts': 'export const made = 0n',
    'src/saved.ts': 'export const saved = 1',
  })
  const running = run(process.execPath, [cli, ...flags, 'src/main.ts'], {
    cwd: project.root,
    env: { ...process.env, NO_COLOR: '1' },
  })
  onTestFinished(() => running.end())
  return { project, running }
}

test('an app that writes what it imports is told how to leave that out', async () => {
  const { project, running } = start()
  await running.match(/\] ready in/)
  project.write('go', '')
  await running.match(
    /restarted: .*src\/made\.ts <- src\/main\.ts \(x5\)\n.*starts over and over for src\/made\.ts: if the app writes it itself, --exclude 'src\/made\.ts'/,
  )
})

test.each([[[]], [['--no-standby']]])(
  '--exclude leaves a module out, and a start has its newest code: %o',
  async (flags) => {
    const { project, running } = start('--exclude', 'src/made.ts', ...flags)
    await running.match(/\] ready in/)
    project.write('go', '')
    await running.match(/has written/)
    const before = running.text.length
    const made = /\d+/.exec(project.read('src/made.ts'))![0]
    project.remove('go')
    project.write('src/saved.ts', 'export const saved = 2')
    await running.match(/restarted: nothing accepts src\/saved\.ts <- src\/main\.ts\n/, before)
    await running.match(new RegExp(`runs with 2, made: ${made}`), before)
    expect(running.text).not.toMatch(/nothing accepts src\/made/)
    await until(() => running.text.match(/runs with/g)?.length === 2, 'two starts')
  },
)
