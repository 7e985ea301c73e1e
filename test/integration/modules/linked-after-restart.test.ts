/** Files outside of the root that Vite does not read itself: those that it would refuse to load yet, after its restart, and CommonJS. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createProject } from '../../support/project.ts'
import { attach, startServer } from '../../support/tether.ts'

interface Form {
  /** The module of the app that imports the package `lib`. */
  importer: string
  /** The file of the package that is saved. */
  file: string
  code(value: number): string
}

const esm = (value: number) => `export default ${value}\n`
const FORMS: Record<string, Form> = {
  static: { importer: `import value from 'lib'\nexport const val = value`, file: 'dist/index.js', code: esm },
  're-export': { importer: `export { default as val } from 'lib'`, file: 'dist/index.js', code: esm },
  dynamic: { importer: `export const { default: val } = await import('lib')`, file: 'dist/index.js', code: esm },
  TypeScript: { importer: `export { default as val } from 'lib/dist/source.ts'`, file: 'dist/source.ts', code: esm },
  JSON: {
    importer: `import { n } from 'lib/dist/data.json'\nexport const val = n`,
    file: 'dist/data.json',
    code: (value) => JSON.stringify({ n: value }),
  },
}
const COMMONJS: Form = {
  importer: `import value from 'lib/dist/old.cjs'\nexport const val = value`,
  file: 'dist/old.cjs',
  code: (value) => `module.exports = ${value}\n`,
}

/** The app, and the package that it has linked, with both forms of a save. */
function createApp({ importer, file, code }: Form, main: string) {
  const outside = createProject({
    'package.json': '{ "type": "module", "main": "dist/index.js" }',
    'dist/index.js': esm(0),
    [file]: code(0),
  })
  const project = createProject({ 'package.json': '{ "type": "module" }', 'main.js': main, 'a.js': importer })
  mkdirSync(project.path('node_modules'))
  symlinkSync(outside.root, project.path('node_modules/lib'))
  const save = (value: number, atomic: boolean) => {
    outside.write(atomic ? 'dist/new.tmp' : file, code(value))
    if (atomic) outside.rename('dist/new.tmp', file)
  }
  return { project, save }
}

const main = `import { val } from './a.js'\nconsole.log('val ' + val)\nsetInterval(() => {}, 1000)`

// half of them are saved as editors do it: written beside, and renamed
const cases = Object.entries({ ...FORMS, CommonJS: COMMONJS }).map(
  ([name, form], index) => [name, index % 2 === 0, form] as const,
)

test.each(cases)(
  'a linked package is followed after Vite has restarted, by a process that was there and by the next: %s (atomic saves: %s)',
  async (_, atomic, form) => {
    const { project, save } = createApp(form, main)
    const { server, line } = await startServer(project.root, { entry: 'main.js' })
    await line(/^val 0/)
    for (const turn of [0, 2]) {
      await server.restart()
      save(turn + 1, atomic)
      await line(new RegExp(`^val ${turn + 1}$`))
      save(turn + 2, atomic)
      await line(new RegExp(`^val ${turn + 2}$`))
    }
  },
)

test.each(Object.entries(FORMS))('and by an attached runner: %s', async (_, form) => {
  const { project, save } = createApp(form, `import { val } from './a.js'\nlog('val ' + val)\nimport.meta.hot.accept()`)
  const server = await startServer(project.root, { attach: true })
  const lines: string[] = []
  Object.assign(globalThis, { log: (line: string) => lines.push(line) })
  const { runner, applied } = await attach(server, project.root)
  await runner.import('/main.js')
  await server.server.restart()
  for (const value of [1, 2]) {
    const report = applied()
    save(value, false)
    expect(await report).toMatchObject({ outcome: 'updated' })
    expect(lines.at(-1)).toBe(`val ${value}`)
  }
})

const RENAMED: Record<string, (file: string) => string> = {
  'a static import': (file) => `import { val } from './${file}'; log('val ' + val)`,
  'an import()': (file) => `import('./${file}').then(({ val }) => log('val ' + val), () => log('none'))`,
}

test.each(Object.keys(RENAMED))(
  'an attached runner has it again if its importer was renamed before the restart, and is imported after it: by %s',
  async (way) => {
    const code = (file: string) => `${RENAMED[way]!(file)}\nimport.meta.hot.accept()`
    const { project, save } = createApp(FORMS.static!, code('a.js'))
    const server = await startServer(project.root, { attach: true })
    const lines: string[] = []
    Object.assign(globalThis, { log: (line: string) => lines.push(line) })
    const { runner, applied, line } = await attach(server, project.root)
    await runner.import('/main.js')
    await expect.poll(() => lines.at(-1)).toBe('val 0')
    project.rename('a.js', 'b.js')
    await line(/update failed.*Cannot find module .*a\.js/)
    const reviewed = applied()
    await server.server.restart()
    expect(await reviewed).toMatchObject({ outcome: 'failed' })
    project.write('main.js', code('b.js'))
    await expect.poll(() => lines.length).toBe(2)
    save(1, false)
    await expect.poll(() => lines.at(-1)).toBe('val 1')
  },
)
