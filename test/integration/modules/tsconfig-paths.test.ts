import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { createProject } from '../../support/project.ts'
import { attach, startServer } from '../../support/tether.ts'

const FORMS: Record<string, (specifier: string) => string> = {
  static: (specifier) => `import value from '${specifier}'\nexport const val = value`,
  're-export': (specifier) => `export { default as val } from '${specifier}'`,
  dynamic: (specifier) => `export const { default: val } = await import('${specifier}')`,
  computed: (specifier) => `const name = '${specifier}'\nexport const { default: val } = await import(name)`,
  require: (specifier) =>
    `import { createRequire } from 'node:module'\nexport const val = createRequire(import.meta.url)('${specifier}').default`,
}

const CONFIGS = {
  'package.json':
    '{ "type": "module", "imports": { "#root/*": "./build/*", "#exact": "./build/x.js", "#own/*": "./build/*" } }',
  'tsconfig.json':
    '{ "compilerOptions": { "paths": { "#*": ["./nowhere/*"], "#root/*": ["./nowhere/*", "./src/*"], "#exact": ["./src/x.ts"], "#only/*": ["./src/*"] } } }',
  'src/x.ts': "export default 'source' as string",
}
const BUILD = { 'build/x.js': "export default 'build'" }
const main = "import { val } from './a.ts'\nconsole.log('val ' + val)\nsetInterval(() => {}, 1000)"

const cases = Object.keys(FORMS).flatMap((form) =>
  ['#root/x', '#root/x.js', '#root/x.ts', '#exact', '#only/x'].map((specifier) => [specifier, form] as const),
)

test.each(cases)(
  'the paths of tsconfig.json lead %s to the source, without a build: %s import',
  async (specifier, form) => {
    const app = await startApp({ ...CONFIGS, 'src/main.ts': main, 'src/a.ts': FORMS[form]!(specifier) })
    expect(await app.line(/^val |exited/)).toBe('val source')
    app.project.edit('src/x.ts', 'source', 'edited')
    await app.line(/^val edited/)
  },
)

// what Node's own require() finds stays Node's
const byVite = Object.keys(FORMS).filter((form) => form !== 'require')

test.each(byVite)('they win over the imports of package.json: %s import', async (form) => {
  const app = await startApp({ ...CONFIGS, ...BUILD, 'src/main.ts': main, 'src/a.ts': FORMS[form]!('#root/x.js') })
  expect(await app.line(/^val |exited/)).toBe('val source')
})

test.each(Object.keys(FORMS))('where they lead to no file the imports of package.json do: %s import', async (form) => {
  const app = await startApp({ ...CONFIGS, ...BUILD, 'src/main.ts': main, 'src/a.ts': FORMS[form]!('#own/x.js') })
  expect(await app.line(/^val |exited/)).toBe('val build')
})

test('with tsconfigPaths: false the imports of package.json alone count', async () => {
  const files = { ...CONFIGS, ...BUILD, 'src/main.ts': main, 'src/a.ts': FORMS.static!('#root/x.js') }
  const app = await startApp(files, {}, { resolve: { tsconfigPaths: false } })
  expect(await app.line(/^val |exited/)).toBe('val build')
})

test('an attached runner has the source too', async () => {
  const project = createProject({ ...CONFIGS, 'src/a.ts': FORMS.static!('#root/x') })
  const server = await startServer(project.root, { attach: true })
  const { runner } = await attach(server, project.root)
  expect(await runner.import('/src/a.ts')).toMatchObject({ val: 'source' })
})

test('an import that leads nowhere says who was asked, and recommends no package', async () => {
  const app = await startApp({ ...CONFIGS, 'src/main.ts': main, 'src/a.ts': FORMS.static!('#own/y.js') })
  expect(await app.line(/Cannot find/)).toMatch(
    /'#own\/y\.js' .*paths of tsconfig\.json nor the imports of package\.json/,
  )
  expect(app.lines.join('\n')).not.toMatch(/npm install/)
})
