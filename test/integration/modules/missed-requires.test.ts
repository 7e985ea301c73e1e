import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { fileClockTick } from '../../support/project.ts'

/** A request that a running app makes in vain of Node's own loaders -> a file that it may mean, as an ES module or as CommonJS. */
const REQUESTS: [request: string, file: string][] = [
  ['./c.js', 'src/c.js'],
  ['./c', 'src/c.js'],
  ['./c', 'src/c.json'],
  ['./c', 'src/c.ts'],
  ['./c', 'src/c/index.js'],
  ['./c.cjs', 'src/c.cjs'],
  ['../lib/c.json', 'lib/c.json'],
]

const content = (file: string, value: string) =>
  file.endsWith('.json')
    ? `"${value}"`
    : file.endsWith('.cjs')
      ? `module.exports = '${value}'`
      : `export default '${value}'`

/** Modules that look for it, go on without it, and stay. */
const SEEKERS: Record<string, (request: string) => [file: string, code: string]> = {
  'an ES module': (request) => [
    'src/main.js',
    `import { createRequire } from 'node:module'
     const load = () => createRequire(import.meta.url)('${request}')
     let value = 'none'
     try { const found = load(); value = found.default ?? found } catch {}`,
  ],
  CommonJS: (request) => [
    'src/main.cjs',
    `let value = 'none'
     try { const found = require('${request}'); value = found.default ?? found } catch {}`,
  ],
  'CommonJS that resolves it first': (request) => [
    'src/main.cjs',
    `let file, value = 'none'
     try { file = require.resolve('${request}') } catch {}
     if (file) { const found = require(file); value = found.default ?? found }`,
  ],
}

const SAYS = "\nconsole.log('val ' + value)\nsetInterval(() => {}, 1000)"

test.each(
  Object.keys(SEEKERS).flatMap((seeker) => REQUESTS.map(([request, file]) => [seeker, request, file] as const)),
)('%s that requires %s, and goes on without it, is restarted when %s is made', async (seeker, request, file) => {
  const [entry, code] = SEEKERS[seeker]!(request)
  const files = { 'package.json': '{ "type": "module" }', 'lib/empty.js': '', [entry]: code + SAYS }
  const { line, lines, project } = await startApp(files, { entry })
  await line(/^val none/)
  project.write(file, content(file, 'one'))
  await line(/^val one/)
  expect(lines.filter((each) => /restarted:/.test(each))).toEqual([expect.stringContaining(`${file} changed`)])
})

test.each(['./c.js', './c.mjs', './c.cjs'])('import(%s) of CommonJS, too', async (request) => {
  const file = `src/${request.slice(2)}`
  const main = `import('${request}').then((found) => found.default, () => 'none').then((value) => console.log('val ' + value))
    setInterval(() => {}, 1000)`
  const app = await startApp(
    { 'package.json': '{ "type": "module" }', 'src/main.cjs': main },
    { entry: 'src/main.cjs' },
  )
  await app.line(/^val none/)
  app.project.write(file, content(file, 'one'))
  await app.line(/^val one/)
})

test('a file that an app has missed and that is made before it crashes starts it again', async () => {
  const main = `try { console.log('val ' + require('./c.cjs')); setInterval(() => {}, 1000) }
    catch (error) { console.log('missed'); process.stdin.on('end', () => { throw error }).resume(); setInterval(() => {}, 1000) }`
  const app = await startApp({ 'src/main.cjs': main }, { entry: 'src/main.cjs' })
  await app.line(/^missed/)
  app.project.write('src/c.cjs', "module.exports = 'one'")
  await app.line(/^val one/)
})

test('what is no code, and what has another name, restarts nothing', async () => {
  const main = `try { require('./c') } catch { console.log('missed') }
    setInterval(() => {}, 1000)`
  const app = await startApp({ 'src/main.cjs': main }, { entry: 'src/main.cjs' })
  await app.line(/^missed/)
  for (const file of ['c.css', 'c.test.js', 'cc.js', 'd/c.js']) app.project.write(`src/${file}`, '')
  app.project.write('src/c.js', 'module.exports = 1')
  await app.line(/restarted:/)
  expect(app.lines.filter((each) => /restarted:/.test(each))).toEqual([expect.stringContaining('src/c.js changed')])
})

test.each([
  ['saved', "throw new Error('broken')", "module.exports = 'one'"],
  ['of data, saved', '{', '"one"'],
])(
  'a file that Node has loaded, %s as soon as the app has crashed over it, starts it again',
  async (kind, bad, good) => {
    const file = kind === 'saved' ? 'c.cjs' : 'c.json'
    const main = `console.log('val ' + require('./${file}'))\nsetInterval(() => {}, 1000)`
    const app = await startApp({ 'src/main.cjs': main, [`src/${file}`]: bad }, { entry: 'src/main.cjs' })
    await app.line(/exited with code 1/)
    // written before its next tick, the file may be of the app's last moment
    await fileClockTick()
    app.project.write(`src/${file}`, good)
    await app.line(/^val one/)
  },
)
