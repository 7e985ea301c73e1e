import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { freePort } from '../../support/child.ts'
import { drivers, type HmrApp } from '../../support/hmr-driver.ts'
import { createProject, fileClockTick } from '../../support/project.ts'
import { attach, startServer, watched } from '../../support/tether.ts'

/** Spelling of an import -> the files that it may mean, one after the other. */
const SPELLINGS: Record<string, [first: string, second?: string]> = {
  './c': ['src/c.ts', 'src/c.tsx'],
  './c.js': ['src/c.js', 'src/c.ts'],
  './c.ts': ['src/c.ts'],
  './c.json': ['src/c.json'],
  './dir': ['src/dir/index.ts', 'src/dir.ts'],
  '../lib/c.mjs': ['lib/c.mjs'],
  '/src/c.js': ['src/c.js'],
  '@/c.js': ['src/c.js', 'src/c.ts'],
  '@/c': ['src/c.ts', 'src/c/index.ts'],
  '~lib/c': ['src/c.ts', 'lib/c.ts'],
  '#c': ['src/c.js'],
}

/** The ways in which it is used: `val` is its default export. */
const FORMS: Record<string, (specifier: string) => string> = {
  static: (specifier) => `import value from '${specifier}'\nexport const val = value`,
  're-export': (specifier) => `export { default as val } from '${specifier}'`,
  dynamic: (specifier) => `export const { default: val } = await import('${specifier}')`,
  computed: (specifier) => `const name = '${specifier}'\nexport const { default: val } = await import(name)`,
}

const CONFIG = { resolve: { alias: { '@': '/src' }, tsconfigPaths: true } }
const REST = {
  'package.json': '{ "type": "module", "imports": { "#c": "./src/c.js" } }',
  'tsconfig.json': '{ "compilerOptions": { "allowJs": true, "paths": { "~lib/*": ["./lib/*", "./src/*"] } } }',
  'lib/empty.js': '',
}

function content(file: string, value: string): string {
  if (file.endsWith('.json')) return JSON.stringify(value)
  return file.endsWith('.cjs') ? `module.exports = '${value}'` : `export default '${value}'`
}

const main = (accepts: boolean): string =>
  `import { val } from './a.js'
   log('val ' + val)
   ${accepts ? "import.meta.hot.accept('./a.js', (next) => log('val ' + next.val))" : ''}`

const all = Object.keys(SPELLINGS).flatMap((spelling) =>
  Object.keys(FORMS).flatMap((form) =>
    // a computed import is not Vite's to resolve by an alias, and not the graph's to know
    form === 'computed' && !/^[./]/.test(spelling) ? [] : [[spelling, form] as const],
  ),
)

const says = (app: HmrApp, value: string) => app.until(() => app.logs.includes(`val ${value}`))
const fails = (app: HmrApp) => app.until(() => app.reports.at(-1)?.outcome === 'failed')

for (const { name, start, hasEntries: isInProcess } of drivers) {
  // what a plain runner imports by a computed name only vite-node's own resolver knows
  const cases = all.filter(([, form]) => !(isInProcess && form === 'computed'))

  test.each(cases)(`${name}, a missing %s heals by its file: %s import, at the first start`, async (spelling, form) => {
    const [file] = SPELLINGS[spelling]!
    const files = { ...REST, 'src/main.js': main(true), 'src/a.js': FORMS[form]!(spelling) }
    const app = await start({ files, entry: '/src/main.js', config: CONFIG })
    expect(app.startError).toBeDefined()
    app.write(file, content(file, 'one'))
    // who has imported it himself was told by a rejection, and imports it again
    const again = () =>
      app.import('/src/main.js').then(
        () => true,
        () => false,
      )
    if (!isInProcess) await expect.poll(again, { timeout: 8000 }).toBe(true)
    await says(app, 'one')
  })

  const updated = cases.filter(([spelling]) => !(isInProcess && spelling === '@/c.js'))
  test.each([
    ...updated.map(([spelling, form]) => [spelling, form, true] as const),
    ...updated.flatMap(([spelling, form]) => (form === 'static' ? [[spelling, form, false] as const] : [])),
  ])(
    `${name}, %s by a %s import heals in updates: created, deleted, made again, renamed (accepted: %s)`,
    async (spelling, form, accepts) => {
      const [file, other] = SPELLINGS[spelling]!
      const files = { ...REST, 'src/main.js': main(accepts), 'src/a.js': "export const val = 'zero'" }
      const app = await start({ files, entry: '/src/main.js', config: CONFIG, onUnaccepted: 'reload' })
      await says(app, 'zero')
      app.write('src/a.js', FORMS[form]!(spelling))
      await fails(app)
      app.write(file, content(file, 'one'))
      await says(app, 'one')
      app.remove(file)
      await fails(app)
      app.write(file, content(file, 'two'))
      await says(app, 'two')
      if (!other) return
      app.write(other.replace(/[^/]*$/, 'waiting'), content(file, 'three'))
      app.rename(other.replace(/[^/]*$/, 'waiting'), file)
      await says(app, 'three')
      app.write(other, content(other, 'four'))
      app.remove(file)
      await says(app, 'four')
    },
  )
}

const supervised = [
  ...['./c.js', './dir', '/src/c.js', '~lib/c'].map((spelling) => [spelling, 'static'] as const),
  ...['re-export', 'dynamic', 'require'].map((form) => ['./c.js', form] as const),
  ['../lib/c.cjs', 'require'] as const,
]

test.each(supervised)(
  'an app in a process of its own, %s by a %s import, from a start without the file on',
  async (spelling, form) => {
    // CommonJS is required alone
    const [file, other] = SPELLINGS[spelling] ?? ['lib/c.cjs']
    const require = `import { createRequire } from 'node:module'\nconst given = createRequire(import.meta.url)('${spelling}')\nexport const val = given.default ?? given`
    const app = await startApp(
      {
        ...REST,
        'src/main.js': "import { val } from './a.js'\nconsole.log('val ' + val)\nsetInterval(() => {}, 1000)",
        'src/a.js': form === 'require' ? require : FORMS[form]!(spelling),
      },
      { entry: 'src/main.js' },
      CONFIG,
    )
    // Node alone knows of a file that is required: a save before the process has ended may be the app's own
    const missing =
      form === 'require' ? /exited with code 1/ : /Cannot find|not found|does not exist|ERR_MODULE_NOT_FOUND/
    await app.line(/exited with code 1/)
    await fileClockTick()
    app.project.write(file, content(file, 'one'))
    await app.line(/^val one/)
    const before = app.lines.length
    app.project.remove(file)
    await expect.poll(() => app.lines.slice(before).some((line) => missing.test(line)), { timeout: 8000 }).toBe(true)
    await fileClockTick()
    app.project.write(file, content(file, 'two'))
    await app.line(/^val two/)
    if (!other) return
    app.project.remove(file)
    app.project.write(other, content(other, 'three'))
    await app.line(/^val three/)
  },
)

test.each([
  ['that a module imports', 'main.js', 'b.js'],
  ['that the runner has imported itself', 'b.js', 'b.js'],
])('a file %s, deleted while Vite was away, heals for a runner that stayed', async (_, root, gone) => {
  const project = createProject({
    'main.js': "import { b } from './b.js'\nlog('main ' + b)\nimport.meta.hot.accept()",
    'b.js': "export const b = 'one'\nlog('b one')\nimport.meta.hot.accept()",
  })
  const said: string[] = []
  Object.assign(globalThis, { log: (line: string) => said.push(line) })
  const address = { port: await freePort(), token: 'a token that is long enough for this test' }
  const first = await startServer(project.root, { attach: address })
  const { runner, lines, line } = await attach(first, project.root)
  await runner.import(`/${root}`)
  await first.server.close()
  project.remove(gone)
  const second = await startServer(project.root, { attach: address })
  await line(new RegExp(`Cannot find module .*${gone}`))
  project.write(gone, "export const b = 'two'\nlog('b two')\nimport.meta.hot.accept()")
  await expect.poll(() => said, { timeout: 10_000 }).toContain('b two')
  await watched(second.server)
  project.edit(gone, /'two'/, "'three'")
  await expect.poll(() => said.length, { timeout: 10_000 }).toBeGreaterThan(2)
  project.edit(root, /^/, "import './nope.js'\n")
  await line(new RegExp(`Cannot find module .*nope\\.js' imported from .*${root}`))
  expect(lines.join('\n')).not.toMatch(/deny list/)
})
