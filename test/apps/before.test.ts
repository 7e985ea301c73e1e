/** The option `before`, and `--before`: a command that runs before a restart, and can refuse it. Files that it writes ask for no other. */
import { resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { isAlive, run, until } from '../support/child.ts'
import { createProject } from '../support/project.ts'

const bin = resolve(import.meta.dirname, '../../bin/vite-tether.js')

/** Counts its runs in `runs.txt`, and writes a module from `schema.txt` each time. */
const GENERATE = `import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
  appendFileSync('runs.txt', 'x')
  const schema = readFileSync('schema.txt', 'utf8').trim()
  if (schema === 'broken') {
    writeFileSync('src/generated.ts', 'export const schema = "half"')
    console.error('the schema is broken')
    process.exit(3)
  }
  writeFileSync('src/generated.ts', 'export const schema = "' + schema + ' ' + Date.now() + '"')`

const MAIN = `import { schema } from './generated.ts'
  console.log('runs ' + schema.split(' ')[0])
  if (schema.startsWith('bad')) throw new Error('cannot run that')
  setInterval(() => {}, 1e9)`

function start(flags: string[], more: Record<string, string> = {}) {
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'generate.mjs': GENERATE,
    'schema.txt': 'one',
    'runs.txt': '',
    'src/generated.ts': 'export const schema = "zero"',
    'src/main.ts': MAIN,
    ...more,
  })
  const { VITEST: _, NODE_ENV: __, ...env } = process.env
  const app = run(process.execPath, [bin, ...flags, 'src/main.ts'], {
    cwd: project.root,
    env: { ...env, NO_COLOR: '1' },
  })
  onTestFinished(() => app.end())
  const count = (pattern: RegExp) => app.text.match(pattern)?.length ?? 0
  return { project, app, count }
}

test.each([[], ['--no-standby']])(
  '%j: the restart waits for the command, and runs with what it has written',
  async (...flags) => {
    const { project, app, count } = start([...flags, '--before', 'node generate.mjs', '--include', 'schema.txt'])
    await app.match(/^runs zero/m)
    expect(project.read('runs.txt')).toBe('')
    project.write('schema.txt', 'two')
    await app.match(/runs before the restart: node generate\.mjs/)
    await app.match(/^runs two/m)
    project.write('schema.txt', 'three')
    await app.match(/^runs three/m)
    // what it writes is told late, and is part of the restart: one run and one process for each save
    project.edit('src/main.ts', "'runs '", "'now runs '")
    await app.match(/^now runs three/m)
    expect(project.read('runs.txt')).toBe('xxx')
    expect(count(/\] restarted/g)).toBe(3)
    expect(count(/^(now )?runs /gm)).toBe(4)
  },
)

test('a command that fails keeps the old process, says why once, and is run again by the next save', async () => {
  const { project, app, count } = start(['--before', 'node generate.mjs', '--include', 'schema.txt'])
  await app.match(/^runs zero/m)
  project.write('schema.txt', 'broken')
  await app.match(/the schema is broken/)
  await app.match(/not started again: `node generate\.mjs` \(option `before`\) exited with code 3/)
  await app.match(/still runs the code from before/)
  expect(count(/^runs /gm)).toBe(1)
  // it has written before it failed: that is tried again, but not for ever
  expect(project.read('runs.txt').length).toBeLessThanOrEqual(3)
  project.write('schema.txt', 'mended')
  await app.match(/^runs mended/m)
  expect(count(/exited with code 3/g)).toBe(1)
})

test('an app that has crashed is started again behind the command, once for a save', async () => {
  const { project, app, count } = start(['--before', 'node generate.mjs', '--include', 'schema.txt'])
  await app.match(/^runs zero/m)
  project.write('schema.txt', 'bad')
  await app.match(/cannot run that/)
  await app.match(/waiting for a save/)
  const runs = project.read('runs.txt').length
  const waits = count(/waiting for a save/g)
  project.write('schema.txt', 'good')
  await app.match(/^runs good/m)
  expect(waits).toBe(1)
  expect(project.read('runs.txt').length).toBe(runs + 1)
})

test('an update in place does not run it', async () => {
  const { project, app } = start(['--before', 'node generate.mjs'], {
    'src/main.ts': `import './leaf.ts'\nsetInterval(() => {}, 1e9)`,
    'src/leaf.ts': `console.log('leaf 1')\nimport.meta.hot?.accept()`,
  })
  await app.match(/^leaf 1/m)
  project.write('src/leaf.ts', `console.log('leaf 2')\nimport.meta.hot?.accept()`)
  await app.match(/hot updated/)
  expect(project.read('runs.txt')).toBe('')
})

test('the end of the command does not wait for it, nor leave it behind', async () => {
  const { project, app } = start(['--before', 'node endless.mjs'], {
    'endless.mjs': `console.log('endless ' + process.pid)\nsetInterval(() => {}, 1e9)`,
  })
  await app.match(/^runs zero/m)
  project.edit('src/main.ts', "'runs '", "'never runs '")
  const [, pid] = await app.match(/^endless (\d+)/m)
  app.child.kill('SIGINT')
  await app.exited
  await until(() => !isAlive(Number(pid)), 'the end of the command')
  expect(app.text).not.toMatch(/never runs|not started again/)
})

test('a command that cannot be found says so', async () => {
  const { project, app } = start(['--before', 'no-such-command-here'])
  await app.match(/^runs zero/m)
  project.edit('src/main.ts', "'runs '", "'now runs '")
  await app.match(/not started again: `no-such-command-here` \(option `before`\) exited with code 127/)
})
