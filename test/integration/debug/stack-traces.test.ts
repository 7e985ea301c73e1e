import { expect, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'

/** Lines that the compiler drops, so that no line of the code is that of its source. */
const TYPES = 'interface Order {\n  id: number\n}\ntype Orders = Order[]\n\n'
/** Throws in line 7. */
const FAIL = `${TYPES}export function fail(message: string): never {
  throw new Error(message)
}
`

/** Runs `code` (from line 7 on) with `fail` of another module, and returns what it prints, without the root, up to `done`. */
async function printed(code: string, files: Record<string, string> = {}): Promise<string[]> {
  const app = await startApp({
    'package.json': '{ "type": "module" }',
    'src/fail.ts': FAIL,
    'src/main.ts': `${TYPES}import { fail } from './fail.ts'\n${code}\nconsole.log('done')\nsetInterval(() => {}, 1000)`,
    ...files,
  })
  await app.line(/^done|exited with/)
  return output(app)
}

function output({ lines, project }: TestApp): string[] {
  return lines.map((line) => line.replaceAll(`${project.root}/`, '').replaceAll(`file://`, ''))
}

/** The frames in the project's own files. */
const frames = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => /^\s*(at .*\bsrc\/.*)$/.exec(line)?.[1]?.replace(/ \{$/, '') ?? [])

const inMain = (line: number, column: number): string => `at src/main.ts:${line}:${column}`
const inFail = 'at fail (src/fail.ts:7:9)'

test('an error names the source, its line and column when it is logged, with its causes and parts, and by console.trace', async () => {
  const lines = await printed(`
const caught = (run: () => unknown): unknown => { try { return run() } catch (error) { return error } }
console.error(caught(() => fail('one')))
console.error(new Error('outer', { cause: caught(() => fail('inner')) }))
console.error(new AggregateError([caught(() => fail('part'))], 'all'))
console.trace('here')
console.log({ nested: caught(() => fail('nested')) })`)
  expect(frames(lines)).toEqual([
    inFail,
    'at src/main.ts:9:28',
    'at caught (src/main.ts:8:64)',
    inMain(9, 15),
    inMain(10, 15),
    inFail,
    'at src/main.ts:10:56',
    'at caught (src/main.ts:8:64)',
    inMain(10, 43),
    inMain(11, 15),
    inFail,
    'at src/main.ts:11:48',
    'at caught (src/main.ts:8:64)',
    inMain(11, 35),
    inMain(12, 9),
    inFail,
    'at src/main.ts:13:36',
    'at caught (src/main.ts:8:64)',
    inMain(13, 23),
  ])
  // none of ours
  expect(lines.join('\n')).not.toMatch(/dist\/|Generator/)
})

test.each([
  [
    "await (async (): Promise<void> => {\n  await null\n  fail('boom')\n})()",
    [inFail, 'at src/main.ts:9:3', 'at src/main.ts:7:1'],
  ],
  ["setImmediate(() => fail('boom'))", [inFail, 'at Immediate.<anonymous> (src/main.ts:7:20)']],
  ["Promise.reject(new Error('boom'))", ['at src/main.ts:7:16']],
  [
    "void Promise.all([1].map(async () => fail('boom')))",
    [inFail, 'at src/main.ts:7:38', 'at Array.map (<anonymous>)', 'at src/main.ts:7:22'],
  ],
])('an error names the source, its line and column when it ends the app: %j', async (code, expected) => {
  const lines = await printed(`${code}\nawait new Promise(() => {})`)
  const own = frames(lines)
  expect(own.map((frame) => frame.replace(/^at async /, 'at '))).toEqual(
    expected.filter((frame) => frame.includes('src/')),
  )
  expect(lines.filter((line) => line.includes('Error: boom'))).toHaveLength(1)
  expect(lines.join('\n')).not.toMatch(/dist\/|Generator|__vite_ssr/)
})

test('an error names the source, its line and column when it was made before an update and is read after it, and when code of long ago throws it', async () => {
  const app = await startApp({
    'src/fail.ts': `${FAIL}export const early = new Error('early')\nexport const version = 0`,
    'src/main.ts': `
        import { early, fail, version } from './fail.ts'
        const first = { early, fail }
        process.on('SIGUSR2', () => {
          console.error(first.early)
          try { first.fail('old') } catch (error) { console.error(error) }
          console.log('done')
        })
        import.meta.hot!.accept('./fail.ts', (next) => console.log('version ' + next!.version))
        console.log('up')
        setInterval(() => {}, 1000)
        export { version }
      `,
  })
  await app.line(/^up/)
  for (let version = 1; version <= 5; version++) {
    app.project.write(
      'src/fail.ts',
      `${'\n'.repeat(version)}${FAIL}export const early = 1\nexport const version = ${version}`,
    )
    await app.line(new RegExp(`^version ${version}`))
  }
  process.kill(app.hub.runners[0]!.pid!, 'SIGUSR2')
  await app.line(/^done/)
  expect(frames(output(app)).filter((frame) => frame.includes('fail.ts'))).toEqual([
    'at src/fail.ts:9:22',
    'at Object.fail (src/fail.ts:7:9)',
  ])
})

test('an error names the source, its line and column to a hook of the app, and to the hook before it that is asked by it', async () => {
  const lines = await printed(`
const before = Error.prepareStackTrace!
const text = (run: () => unknown): string => { try { run() } catch (error) { return String((error as Error).stack) } return '' }
Error.prepareStackTrace = (error, sites) => sites.map((each) => each.getFileName() + ':' + each.getLineNumber()).join(' ')
console.log('sites ' + text(() => fail('x')))
Error.prepareStackTrace = (error, sites) => 'asked ' + before(error, sites)
console.log(text(() => fail('y')))
const mine = Error.prepareStackTrace
Error.prepareStackTrace = mine
console.log(text(() => fail('z')).split('\\n')[1])
Error.prepareStackTrace = undefined
console.log(text(() => fail('plain')))
const holder: { stack?: string } = {}
Error.captureStackTrace(holder)
console.log(holder.stack)`)
  const text = lines.join('\n')
  expect(text).toContain('sites src/fail.ts:7 src/main.ts:11 src/main.ts:9 src/main.ts:11')
  expect(text).toMatch(/asked Error: y\n +at fail \(src\/fail\.ts:7:9\)\n +at src\/main\.ts:13:24/)
  expect(text).toMatch(/^ +at fail \(src\/fail\.ts:7:9\)$/m)
  expect(text).toMatch(/^Error: plain\n +at fail \(src\/fail\.ts:7:9\)\n +at src\/main\.ts:18:24/m)
  expect(text).toMatch(/^Error(?:: \[object Object\])?\n +at src\/main\.ts:20:7/m)
})

test('an error names the source, its line and column where packages of both kinds call the app, and in files that Node loads', async () => {
  const lines = await printed(
    `
import { createRequire } from 'node:module'
import { run } from 'old'
import { run as runNew } from 'new'
const show = (text: string): void => { try { fail(text) } catch (error) { console.error(error) } }
run(() => show('old'))
runNew(() => show('new'))
try { createRequire(import.meta.url)('./native.cts').crash() } catch (error) { console.error(error) }
try { createRequire(import.meta.url)('./required.ts').crash() } catch (error) { console.error(error) }`,
    {
      'node_modules/old/package.json': '{ "main": "index.js" }',
      'node_modules/old/index.js': '// one\n\nexports.run = (callback) => callback()',
      'node_modules/new/package.json': '{ "type": "module", "exports": "./index.js" }',
      'node_modules/new/index.js': '// one\n\n\nexport const run = (callback) => callback()',
      'src/native.cts': `${TYPES}exports.crash = (): never => { throw new Error('native') }`,
      'src/required.ts': `${TYPES}export const crash = (): never => { throw new Error('required') }`,
    },
  )
  expect(frames(lines)).toEqual([
    inFail,
    'at show (src/main.ts:11:46)',
    'at src/main.ts:12:11',
    'at src/main.ts:12:1',
    inFail,
    'at show (src/main.ts:11:46)',
    'at src/main.ts:13:14',
    'at src/main.ts:13:1',
    expect.stringMatching(/^at .*crash \(src\/native\.cts:6:38\)/),
    inMain(14, 54),
    expect.stringMatching(/^at .*crash \(src\/required\.ts:6:43\)/),
    inMain(15, 55),
  ])
  expect(lines.join('\n')).toMatch(/node_modules\/old\/index\.js:3:29[\s\S]*node_modules\/new\/index\.js:4:34/)
})

test('an error names the source, its line and column in threads and processes that the app starts', async () => {
  const lines = await printed(
    `
import { fork } from 'node:child_process'
import { Worker } from 'node:worker_threads'
const ends = (each: NodeJS.EventEmitter): Promise<unknown> => new Promise((resolve) => each.once('exit', resolve))
const file = new URL('./child.ts', import.meta.url)
const worker = new Worker(file)
worker.on('error', (error) => console.error('told', error))
await ends(worker)
await ends(fork(file))`,
    {
      'src/child.ts': `${TYPES}import { fail } from './fail.ts'
try { fail('caught') } catch (error) { console.error(error) }
setImmediate(() => fail('uncaught'))`,
    },
  )
  const own = frames(lines)
  const ofOne = [inFail, 'at src/child.ts:7:7', inFail, 'at Immediate.<anonymous> (src/child.ts:8:20)']
  expect(own).toEqual([...ofOne, ...ofOne])
  // Node would quote a line of the compiled code
  expect(lines.join('\n')).not.toMatch(/__vite_ssr|^\s*throw new/m)
})
