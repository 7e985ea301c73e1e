/** The file that a bare import means is deleted: Vite leaves such a specifier to Node. That is told also where the app catches it, and the file heals it. */
import { symlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { drivers } from '../../support/hmr-driver.ts'
import { createProject } from '../../support/project.ts'

/** Ways to load it; each leaves `current()`. */
const WAYS: Record<string, (specifier: string) => string> = {
  'a static import': (specifier) => `import { reply } from '${specifier}'; const current = () => reply`,
  'a caught import()': (specifier) =>
    `let reply; import('${specifier}').then((it) => { reply = it.reply }, () => { reply = 'failed' }); const current = () => reply`,
  'an import() in a function': (specifier) =>
    `const current = () => import('${specifier}').then((it) => it.reply, () => 'failed')`,
}

/** Specifier -> the file that it means, in the project or in the package beside it. */
const SPECIFIERS: Record<string, string> = {
  lib: '../lib/dist/index.js',
  'lib/part': '../lib/dist/part.js',
  '#own/routes': 'routes.js',
}

const library = () =>
  createProject({
    'package.json': '{ "type": "module", "exports": { ".": "./dist/index.js", "./part": "./dist/part.js" } }',
    'dist/index.js': `export const reply = 'v1'`,
    'dist/part.js': `export const reply = 'v1'`,
  })

const FILES = {
  'package.json': '{ "type": "module", "imports": { "#own/*": "./*.js" } }',
  'node_modules/none/index.js': '',
  'routes.js': `export const reply = 'v1'`,
}

const cases = Object.keys(WAYS).flatMap((way) => Object.keys(SPECIFIERS).map((specifier) => ({ way, specifier })))

test.each(
  drivers.flatMap((driver) =>
    cases.flatMap((each) =>
      (each.way === 'a caught import()' ? [true, false] : [true]).map((accepts) => ({
        driver,
        name: driver.name,
        accepts,
        ...each,
      })),
    ),
  ),
)('$name: $way of $specifier, the entry accepts: $accepts', async ({ driver, way, specifier, accepts }) => {
  const lib = library()
  const main = (n: number) =>
    `${WAYS[way]!(specifier)}; export const ask = async () => ${n} + (await current()); ${accepts ? 'import.meta.hot.accept()' : ''}`
  const app = await driver.start({
    entry: '/main.js',
    files: { ...FILES, 'main.js': `export const ask = () => ''; import.meta.hot.accept()` },
    onUnaccepted: 'reload',
  })
  symlinkSync(lib.root, app.path('node_modules/lib'))
  app.write('main.js', main(1))
  const ask = async () => (await app.import('/main.js')).ask()
  await expect.poll(ask).toBe('1v1')
  const [, file] = /^\.\.\/lib\/(.*)/.exec(SPECIFIERS[specifier]!) ?? []
  const reported = app.reports.length
  if (file) lib.remove(file)
  else app.remove('routes.js')
  await app.until(() => app.reports.slice(reported).some(({ outcome }) => outcome === 'failed'))
  expect(app.reports.at(-1)!.error?.message).toMatch(/Cannot find|Failed to (load|resolve)/)
  if (way !== 'an import() in a function') expect(await ask()).toBe('1v1')
  const next = `export const reply = 'v2'`
  if (file) lib.write(file, next)
  else app.write('routes.js', next)
  await expect.poll(ask).toBe('1v2')
})

/** Ways in which `route.js`, which the entry imports by an `import()` that is caught, has the package. */
const ROUTES: Record<string, string> = {
  'a static import': `import { reply } from 'lib'; export const answer = reply`,
  'a re-export': `export { reply as answer } from 'lib'`,
  'an import()': `export const answer = (await import('lib')).reply`,
}

test.each(
  drivers.flatMap((driver) =>
    Object.keys(ROUTES).flatMap((route) =>
      ['before', 'after'].map((order) => ({ driver, name: driver.name, route, order })),
    ),
  ),
)('$name: behind a caught import() there is $route, whose module is saved right $order that', async (each) => {
  const { driver, route, order } = each
  const lib = library()
  const files = { ...FILES, 'main.js': `export const ask = () => ''; import.meta.hot.accept()` }
  const app = await driver.start({ entry: '/main.js', files })
  symlinkSync(lib.root, app.path('node_modules/lib'))
  app.write('route.js', ROUTES[route]!)
  app.write(
    'main.js',
    `let answer; import('./route.js').then((it) => { answer = it.answer }, () => { answer = 'failed' })
    export const ask = () => answer; import.meta.hot.accept()`,
  )
  const ask = async () => (await app.import('/main.js')).ask()
  await expect.poll(ask).toBe('v1')
  const reported = app.reports.length
  if (order === 'before') app.write('route.js', `${ROUTES[route]}; export const more = 1`)
  lib.remove('dist/index.js')
  if (order === 'after') app.write('route.js', `${ROUTES[route]}; export const more = 1`)
  await app.until(() => app.reports.slice(reported).some(({ outcome }) => outcome === 'failed'))
  expect(await ask()).toBe('v1')
  lib.write('dist/index.js', `export const reply = 'v2'`)
  await expect.poll(ask).toBe('v2')
})

test.each(cases.filter(({ specifier, way }) => specifier !== 'lib/part' && way !== 'an import() in a function'))(
  'supervised: the process is not given up for it: $way of $specifier',
  async ({ way, specifier }) => {
    const lib = library()
    const main = `${WAYS[way]!(specifier)}; setInterval(() => console.log('now ' + current()), 20)`
    const { project, hub, line, lines } = await startApp(
      { ...FILES, 'main.js': `console.log('begins'); setInterval(() => {}, 1000)` },
      { entry: 'main.js' },
    )
    symlinkSync(lib.root, project.path('node_modules/lib'))
    await line(/^begins/)
    project.write('main.js', main)
    await line(/^now v1/)
    await expect.poll(() => hub.runners[0]).toMatchObject({ state: 'ready', current: true })
    const { pid } = hub.runners[0]!
    const [, file] = /^\.\.\/lib\/(.*)/.exec(SPECIFIERS[specifier]!) ?? []
    if (file) lib.remove(file)
    else project.remove('routes.js')
    await line(/still runs the code from before/)
    expect(hub.runners[0]).toMatchObject({ pid, state: 'ready' })
    const next = `export const reply = 'v2'`
    if (file) lib.write(file, next)
    else project.write('routes.js', next)
    await line(/^now v2/)
    expect(lines).not.toContain('now failed')
  },
)
