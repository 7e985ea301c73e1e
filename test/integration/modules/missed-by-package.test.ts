/** A file that Node misses because a package.json leads to it: no request names its path, only Node's error does. */
import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'

const FILES = {
  'package.json':
    '{ "name": "self", "exports": { "./a": "./src/a.js", "./sub/*": "./src/sub/*" }, "imports": { "#a": "./src/a.js" } }',
  'src/folder/package.json': '{ "main": "lib/main.js" }',
}

const REQUESTS: [request: string, file: string][] = [
  ['self/a', 'src/a.js'],
  ['self/sub/b.js', 'src/sub/b.js'],
  ['#a', 'src/a.js'],
]

const WAYS: Record<string, (request: string) => string> = {
  'require()': (request) => `let value = 'none'; try { value = require('${request}') } catch {}`,
  'require.resolve()': (request) =>
    `let file, value = 'none'; try { file = require.resolve('${request}') } catch {}; if (file) value = require(file)`,
  'import()': (request) => `const value = await import('${request}').then((found) => found.default, () => 'none')`,
}

const LIVES = '\nsetInterval(() => {}, 1000)'
/** Where the code runs: the app's process, or one or a thread that it has started. */
const PLACES: Record<string, (code: string) => Record<string, string>> = {
  'the entry': (code) => ({ 'src/main.cjs': code }),
  'a child': (code) => ({
    'src/main.cjs': `require('node:child_process').fork(__dirname + '/child.cjs')${LIVES}`,
    'src/child.cjs': code,
  }),
  'a thread': (code) => ({
    'src/main.cjs': `new (require('node:worker_threads').Worker)(__dirname + '/child.cjs')${LIVES}`,
    'src/child.cjs': code,
  }),
}

/** `main` of a folder is a matter of `require()`. */
const FOLDER: [string, string] = ['./folder', 'src/folder/lib/main.js']

const rows = Object.keys(WAYS).flatMap((way) => [
  ...REQUESTS.map(([request, file]) => ['the entry', way, request, file] as const),
  ...(way === 'import()' ? [] : [['the entry', way, ...FOLDER] as const]),
  ['a child', way, '#a', 'src/a.js'] as const,
  ['a thread', way, 'self/a', 'src/a.js'] as const,
])

test.each(rows)(
  'the app is restarted when what %s has asked for by %s of %s, in vain, is made: %s',
  async (place, way, request, file) => {
    const code = `(async () => { ${WAYS[way]!(request)}; console.log('val ' + value) })()${LIVES}`
    const app = await startApp({ ...FILES, ...PLACES[place]!(code) }, { entry: 'src/main.cjs', standby: false })
    await app.line(/^val none/)
    app.project.write(file, "module.exports = 'one'")
    await app.line(/^val one/)
    expect(app.lines.filter((each) => /restarted:/.test(each))).toEqual([expect.stringContaining(`${file} changed`)])
  },
)
