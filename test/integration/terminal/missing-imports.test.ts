import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { run } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'

const repository = resolve(import.meta.dirname, '../../..')
const cli = join(repository, 'dist/cli.js')

const PACKAGES = {
  'package.json': '{ "type": "module" }',
  'node_modules/esm/package.json': '{ "type": "module", "exports": "./index.js" }',
  'node_modules/esm/index.js': 'export const there = 1',
  'src/there.ts': 'export const there = 1',
}

/** Starts `main`, which imports `importer`, and resolves with what was printed when it has failed. */
async function fail(
  importer: string,
  file = 'src/importer.ts',
  load = `import './${file.slice(4)}'`,
): Promise<{ text: string; path: string }> {
  const project = createProject({ ...PACKAGES, 'src/main.ts': load, [file]: importer })
  rmSync(project.path('src/gone.ts'), { force: true })
  const running = run(process.execPath, [cli, '--once', 'src/main.ts'], {
    cwd: project.root,
    env: { ...process.env, NO_COLOR: '1' },
  })
  onTestFinished(() => running.end())
  expect((await running.exited).code).toBe(1)
  return { text: running.text, path: project.path(file) }
}

test.each([
  ['of a module', "import { nope } from './there.ts'\nnope()", '2:10'],
  ['of a module, without extension', "import { nope } from './there'\nnope()", '2:10'],
  ['over several lines', "import {\n  there,\n  nope,\n} from './there.ts'\nnope(there)", '4:3'],
  ['under another name', "import { nope as other } from './there.ts'\nother()", '2:10'],
  [
    'behind a comment that shows it',
    "// import { nope } from './there.ts'\nimport { nope } from './there.ts'\nnope()",
    '3:10',
  ],
  ['of a package', "import { nope } from 'esm'\nnope()", '2:10'],
  ['of a builtin', "import { nope } from 'node:fs'\nnope()", '2:10'],
  ['the default of a package', "import nope from 'esm'\nnope()", '2:19'],
  ['of a module with top-level await', "import { nope } from './there.ts'\nawait null\nnope()", '2:10'],
])('a name that does not exist is reported at the first start with its import: %s', async (_, code, position) => {
  const { text, path } = await fail(`// the importer\n${code}`)
  expect(text).toMatch(/^SyntaxError: The requested module '.+' does not provide an export named '(nope|default)'/m)
  expect(text).toContain(`${path}:${position}\n`)
  expect(text).toMatch(/^ *\d \| .*nope[\s\S]*\^$/m)
  expect(text).not.toContain(join(repository, 'dist'))
})

test.each([
  ['src/importer.js', "import './importer.js'"],
  ['src/importer.ts', "await import('./importer.ts')"],
  ['src/importer.mts', "export * from './importer.mts'"],
])('the same in %s behind `%s`', async (file, load) => {
  const { text, path } = await fail("import { nope } from './there.ts'\nnope()", file, load)
  expect(text).toContain(`${path}:1:10\n`)
  expect(text).not.toContain(join(repository, 'dist'))
})

test.each([
  ['a module', "import { x } from './gone.ts'\nx()", '2:20'],
  ['a module, for its effects', "import './gone.ts'", '2:9'],
  ['a module, exported again', "export * from './gone.ts'", '2:16'],
  ['a module, by import()', "await import('./gone.ts')", '2:15'],
  ['a package', "import 'nowhere'", '2:9'],
  ['a package, by import()', "await import('nowhere')", '2:15'],
])('what does not exist is reported at the first start with its import: %s', async (_, code, position) => {
  const { text, path } = await fail(`// the importer\n${code}`)
  expect(text).toMatch(/^\[vite-tether\] Cannot find (module|package) '.+' imported from '.+importer\.ts'/m)
  expect(text).toContain(`    at ${path}:${position}\n`)
  expect(text).toMatch(/^2 \| .*(gone|nowhere)[\s\S]*\^$/m)
  expect(text).not.toContain(join(repository, 'dist'))
})
