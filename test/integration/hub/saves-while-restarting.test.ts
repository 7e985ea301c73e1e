import { rmSync, symlinkSync } from 'node:fs'
import type { Plugin, ViteDevServer } from 'vite'
import { expect, test } from 'vitest'
import { createProject, type Project } from '../../support/project.ts'
import { attach, startServer, watched } from '../../support/tether.ts'

/** A module that says what it has, and may be replaced. */
const form = (head: string) =>
  `${head}\nexport const seen = val\nconsole.log('val ' + val)\nimport.meta.hot.accept()\nsetInterval(() => {}, 1000)`
const FORMS = {
  static: form("import { val } from './dep.ts'"),
  dynamic: form("const { val } = await import('./dep.ts')"),
}
type Form = keyof typeof FORMS

const BEFORE = 'export const val = 1'
const AFTER = 'export const val = 22'

/**
 * Once armed, the watcher of the next server comes to the folder `src` only when Vite has read `dep.ts` there and the file was
 * saved behind that: the watcher finds the saved one, and tells nothing.
 */
function blindness(project: Project) {
  const folder = project.path('src')
  let watcher: ViteDevServer['watcher']
  let armed = false
  const plugin: Plugin = {
    name: 'blindness',
    configureServer(server) {
      watcher = server.watcher
    },
    transform(_, id) {
      if (!armed || id !== `${folder}/dep.ts`) return
      project.write('src/dep.ts', AFTER)
      armed = false
      watcher.add(folder)
    },
  }
  const ignored = (path: string) => armed && (path === folder || path.startsWith(`${folder}/`))
  return {
    config: { plugins: [plugin], server: { watch: { ignored } } },
    arm: () => {
      armed = true
    },
  }
}

const appOf = (form: Form) =>
  createProject({
    'src/main.ts': FORMS[form],
    'src/dep.ts': BEFORE,
  })

test.each([
  ['static', true],
  ['static', false],
  ['dynamic', true],
  ['dynamic', false],
] as [Form, boolean][])('a save behind the restart of Vite applies: %s import, standby %s', async (form, standby) => {
  const project = appOf(form)
  const { config, arm } = blindness(project)
  const options = { entry: 'src/main.ts', standby }
  const { server, hub, line, lines } = await startServer(project.root, options, config)
  await line(/^val 1/)
  await expect.poll(() => hub.runners[0]!.state).toBe('ready')
  arm()
  await server.restart()
  await line(/^val 22/)
  expect(lines.filter((each) => /^val/.test(each))).toEqual(['val 1', 'val 22'])
})

test.each(['static', 'dynamic'] as Form[])(
  'a save behind the restart of Vite reaches attached runners: %s import',
  async (form) => {
    const project = appOf(form)
    const { config, arm } = blindness(project)
    const started = await startServer(project.root, { attach: true }, config)
    const { runner } = await attach(started, project.root)
    expect((await runner.import('/src/main.ts')).seen).toBe(1)
    arm()
    await started.server.restart()
    await expect.poll(async () => (await runner.import('/src/main.ts')).seen, { timeout: 5000 }).toBe(22)
  },
)

test.each(['static', 'dynamic'] as Form[])('a save behind the start of Vite applies: %s import', async (form) => {
  const project = appOf(form)
  const { config, arm } = blindness(project)
  arm()
  const { line } = await startServer(project.root, { entry: 'src/main.ts' }, config)
  await line(/^val 22/)
})

test.each(['static', 'dynamic'] as Form[])(
  'an attached runner gets the saves of a linked package also after a restart of Vite: %s import',
  async (form) => {
    const library = createProject({
      'package.json': '{ "name": "lib", "type": "module", "exports": "./index.js" }',
      'index.js': "export { val } from './inner.js'",
      'inner.js': 'export const val = 1',
    })
    const project = createProject({
      'main.ts': FORMS[form].replace('./dep.ts', 'lib'),
      'node_modules/.keep': '',
    })
    symlinkSync(library.root, project.path('node_modules/lib'))
    const started = await startServer(project.root, { attach: true }, {})
    const { runner, lines } = await attach(started, project.root)
    expect((await runner.import('/main.ts')).seen).toBe(1)
    await started.server.restart()
    await watched(started.server)
    await expect
      .poll(() => started.server.watcher.getWatched()[library.root]?.includes('inner.js'), { timeout: 5000 })
      .toBe(true)
    library.write('inner.js', 'export const val = 22')
    await expect.poll(async () => (await runner.import('/main.ts')).seen, { timeout: 5000 }).toBe(22)
    expect([...lines, ...started.lines].filter((each) => /refused|may not/.test(each))).toEqual([])
  },
)

test('without HMR a file that is removed and made again has its new code', async () => {
  const project = createProject({ 'main.ts': "export { val } from './dep.ts'", 'dep.ts': 'export const val = 1' })
  const { server } = await startServer(project.root, {}, { server: { hmr: false } })
  const load = async () => (await server.environments.ssr.transformRequest('/dep.ts'))?.code
  expect(await load()).toContain('1')
  const told = (event: string) => new Promise<void>((resolve) => server.watcher.once(event, () => resolve()))
  const gone = told('unlink')
  rmSync(project.path('dep.ts'))
  await gone
  const made = told('add')
  project.write('dep.ts', 'export const val = 22')
  await made
  expect(await load()).toContain('22')
})
