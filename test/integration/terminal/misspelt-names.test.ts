/** A misspelt name of an import is answered by the one that was probably meant, wherever it is found out. */
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { run } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

const FILES = {
  'package.json': '{ "type": "module" }',
  'node_modules/esm/package.json': '{ "type": "module", "exports": "./index.js" }',
  'node_modules/esm/index.js': 'export const createPool = 1\nexport const other = 2',
  'node_modules/old/package.json': '{ "main": "index.js" }',
  'node_modules/old/index.js': 'module.exports = Object.fromEntries([["createPool", 1]])',
  'src/helper.ts': 'export const help = 1\nexport const createPool = 2\nexport default 3',
  'src/all.ts': `export * from './helper.ts'`,
  'src/data.json': '{ "createPool": 1 }',
}

const CASES: [what: string, code: string, words: string | RegExp][] = [
  ['a module', "import { createPol } from './helper.ts'", "'createPol'. Did you mean 'createPool'?"],
  ['four letters', "import { hlep } from './helper.ts'", "'hlep'. Did you mean 'help'?"],
  ['behind export *', "import { craetePool } from './all.ts'", "'craetePool'. Did you mean 'createPool'?"],
  ['by import()', "await (await import('./again.ts'))", "'createPol'. Did you mean 'createPool'?"],
  ['JSON', "import { createpool } from './data.json'", "'createpool'. Did you mean 'createPool'?"],
  ['a package', "import { createPools } from 'esm'", "'createPools'. Did you mean 'createPool'?"],
  ['a builtin', "import { readFileSnyc } from 'node:fs'", "'readFileSnyc'. Did you mean 'readFileSync'?"],
  ['CommonJS', "import { creatPool } from 'old'", "'creatPool' not found. Did you mean 'createPool'?"],
]

/** The code uses what it imports, or its compiler drops the import. */
const used = (code: string) => code.replace(/^import \{ (\w+) \}.*$/, '$&\nconsole.log($1)')

function start(code: string, flags: string[]) {
  const again = used("import { createPol } from './helper.ts'")
  const project = createProject({ ...FILES, 'src/again.ts': again, 'src/main.ts': used(code) })
  const app = run(process.execPath, [cli, ...flags, 'src/main.ts'], {
    cwd: project.root,
    env: { ...process.env, NO_COLOR: '1' },
  })
  onTestFinished(() => app.end())
  return { app, project }
}

test.each(CASES)('at the start: %s', async (_, code, words) => {
  const { app } = start(code, ['--once'])
  await app.exited
  expect(app.text).toContain(words)
})

test('a name that resembles none is answered by none', async () => {
  const { app } = start("import { quux } from './helper.ts'", ['--once'])
  await app.exited
  expect(app.text).toContain("does not provide an export named 'quux'\n")
})

test('in an update: of the app, and of a package', async () => {
  const { app, project } = start('setInterval(() => {}, 1000)\nimport.meta.hot?.accept()\nexport {}', [])
  await app.match(/ready in/)
  for (const [from, words] of [
    ['./helper.ts', /'createPol', which \/src\/main\.ts imports\. Did you mean 'createPool'\?/],
    ['esm', /'createPol'.*Did you mean 'createPool'\?/],
  ] as const) {
    const before = app.text.length
    project.write('src/main.ts', `${used(`import { createPol } from '${from}'`)}\nimport.meta.hot?.accept()`)
    await app.match(words, before)
  }
})
