import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createProject, type Project } from '../../support/project.ts'
import { attach, startServer } from '../../support/tether.ts'

const FORMS: Record<string, (specifier: string) => string> = {
  static: (specifier) => `import value from '${specifier}'\nexport const val = value`,
  're-export': (specifier) => `export { default as val } from '${specifier}'`,
  dynamic: (specifier) => `export const { default: val } = await import('${specifier}')`,
  require: (specifier) =>
    `import { createRequire } from 'node:module'\nexport const val = createRequire(import.meta.url)('${specifier}').default`,
}

const lib = (value: string): Record<string, string> => ({
  'dist/index.js': `export { default } from './value.js'`,
  'dist/value.js': `export default '${value}'`,
})

/** A package beside the root. */
function createPackage(initial: Record<string, string>) {
  return createProject({ 'package.json': '{ "type": "module", "main": "dist/index.js" }', ...initial })
}

const write = (outside: Project, files: Record<string, string>) => {
  for (const [file, text] of Object.entries(files)) outside.write(file, text)
}

interface Way {
  remove(outside: Project): void
  build(outside: Project, value: string): void
}

const WAYS: Record<string, Way> = {
  'its folder is removed and built again': {
    remove: (outside) => rmSync(outside.path('dist'), { recursive: true }),
    build: (outside, value) => write(outside, lib(value)),
  },
  'a file is removed and written again': {
    remove: (outside) => outside.remove('dist/value.js'),
    build: (outside, value) => write(outside, lib(value)),
  },
  'its folder is moved away, and a new one into its place': {
    remove: (outside) => outside.rename('dist', `old-${performance.now()}`),
    build(outside, value) {
      const files = Object.entries(lib(value)).map(([file, text]) => [file.replace('dist', 'new'), text])
      write(outside, Object.fromEntries(files))
      outside.rename('new', 'dist')
    },
  },
}

const link = (root: Project, outside: Project) => {
  mkdirSync(root.path('node_modules'), { recursive: true })
  symlinkSync(outside.root, root.path('node_modules/lib'))
}

const main = "import { val } from './a.js'\nconsole.log('val ' + val)\nsetInterval(() => {}, 1000)\n"
const MISSING = /Cannot find|does not exist|ERR_MODULE_NOT_FOUND/

const cases = Object.keys(WAYS).flatMap((way) =>
  Object.keys(FORMS).flatMap((form) =>
    (form === 'static' ? [true, false] : [true]).map((standby) => [way, form, standby] as const),
  ),
)

test.each(cases)('a linked package is followed when %s: %s import (standby: %s)', async (way, form, standby) => {
  const outside = createPackage(lib('one'))
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'src/main.js': main,
    'src/a.js': FORMS[form]!('lib'),
  })
  link(project, outside)
  const app = await startServer(project.root, { entry: 'src/main.js', standby })
  await app.line(/^val one/)
  const before = app.lines.length
  WAYS[way]!.remove(outside)
  await expect.poll(() => app.lines.slice(before).some((line) => MISSING.test(line)), { timeout: 10_000 }).toBe(true)
  WAYS[way]!.build(outside, 'three')
  await app.line(/^val three/)
  outside.edit('dist/value.js', 'three', 'four')
  await app.line(/^val four/)
})

test.each(Object.keys(FORMS))('a folder of a linked package is replaced at once: %s import', async (form) => {
  const outside = createPackage({ ...lib('one') })
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'src/main.js': main,
    'src/a.js': FORMS[form]!('lib'),
  })
  link(project, outside)
  const app = await startServer(project.root, { entry: 'src/main.js' })
  await app.line(/^val one/)
  for (const value of ['two', 'three']) {
    write(outside, Object.fromEntries(Object.entries(lib(value)).map(([file, text]) => [`new/${file}`, text])))
    renameSync(outside.path('dist'), outside.path(`old-${value}`))
    renameSync(outside.path('new/dist'), outside.path('dist'))
    await app.line(new RegExp(`^val ${value}`))
  }
})

test.each(Object.keys(FORMS).filter((form) => form !== 'require'))(
  'an attached runner follows a linked package that is removed and built again: %s import',
  async (form) => {
    const outside = createPackage(lib('one'))
    const project = createProject({
      'package.json': '{ "type": "module" }',
      'main.js': `import { val } from './a.js'\nlog('val ' + val)\nimport.meta.hot.accept()`,
      'a.js': FORMS[form]!('lib'),
    })
    link(project, outside)
    const said: string[] = []
    Object.assign(globalThis, { log: (line: string) => said.push(line) })
    const config = { server: { fs: { allow: [project.root, outside.root] } } }
    const server = await startServer(project.root, { attach: true }, config)
    const { runner, line } = await attach(server, project.root)
    await runner.import('/main.js')
    rmSync(outside.path('dist'), { recursive: true })
    await line(MISSING)
    write(outside, lib('two'))
    await expect.poll(() => said, { timeout: 10_000 }).toContain('val two')
    outside.edit('dist/value.js', 'two', 'three')
    await expect.poll(() => said, { timeout: 10_000 }).toContain('val three')
  },
)

// what `require()` does not find Node alone knows of
const asked = Object.keys(FORMS).filter((form) => form !== 'require')

test.each(asked.flatMap((form) => ['c.js', 'deep/er/c.js'].map((file) => [file, form] as const)))(
  'a file outside of the root, %s, that is missing at first: %s import',
  async (file, form) => {
    const outer = createProject({
      'app/package.json': '{ "type": "module" }',
      'app/src/main.js': main,
      'app/src/a.js': FORMS[form]!(`../../outside/${file}`),
    })
    const config = { server: { fs: { strict: false } } }
    const app = await startServer(outer.path('app'), { entry: 'src/main.js' }, config)
    await app.line(/exited with code 1/)
    outer.write(`outside/${file}`, "export default 'one'")
    await app.line(/^val one/)
    const before = app.lines.length
    rmSync(outer.path('outside'), { recursive: true })
    await expect.poll(() => app.lines.slice(before).some((line) => MISSING.test(line)), { timeout: 10_000 }).toBe(true)
    outer.write(`outside/${file}`, "export default 'two'")
    await app.line(/^val two/)
  },
)
