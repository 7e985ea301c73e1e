/** A module that an import() has loaded is renamed, its import with it, and one that it needs breaks in the same moment: that is told, and nothing is touched. */
import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { drivers, type HmrApp } from '../../support/hmr-driver.ts'
import type { Project } from '../../support/project.ts'

/** Ways to load it; each leaves `current()`. An app that catches the failure keeps it to itself. */
const WAYS: Record<string, (specifier: string) => string> = {
  'then()': (specifier) =>
    `let reply; import('${specifier}').then((it) => { reply = it.reply }, () => { reply = 'failed' }); const current = () => reply`,
  'try and catch': (specifier) =>
    `let reply; try { ({ reply } = await import('${specifier}')) } catch { reply = 'failed' }; const current = () => reply`,
}

/** New names of `routes.js`, and specifiers that mean them. */
const NAMES: [to: string, specifier: string][] = [
  ['routes/index.js', './routes/index.js'],
  ['routes/index.ts', './routes'],
  ['routes.ts', './routes.ts'],
]

/** The module that breaks beside. */
const FAULTS: Record<string, (project: Project, routes: string) => void> = {
  'what it imports is deleted': (project) => project.remove('dep.js'),
  'what it imports has a syntax error': (project) => project.write('dep.js', 'export const = 1'),
  'the name that it imports is gone': (project) => project.write('dep.js', 'export const other = 1'),
  'it has a syntax error itself': (project, routes) => project.write(routes, 'export const = 1'),
}

const routesIn = (file: string, reply: string) =>
  `import { dep } from '${file.includes('/') ? '..' : '.'}/dep.js'; export const reply = '${reply}' + dep`

const cases = Object.keys(WAYS).flatMap((way) =>
  NAMES.slice(way === 'then()' ? 0 : 2).flatMap(([to, specifier]) =>
    Object.keys(FAULTS).map((fault) => ({ way, to, specifier, fault })),
  ),
)

function burst(
  project: Project,
  { to, specifier, fault }: (typeof cases)[number],
  main: (specifier: string) => string,
) {
  project.remove('routes.js')
  project.write(to, routesIn(to, 'new'))
  project.write('main.js', main(specifier))
  FAULTS[fault]!(project, to)
}

function mend(project: Project, { to, fault }: (typeof cases)[number]) {
  if (fault.startsWith('it ')) project.write(to, routesIn(to, 'new'))
  else project.write('dep.js', 'export const dep = 2')
}

test.each(drivers.flatMap((driver) => cases.map((each) => ({ driver, name: driver.name, ...each }))))(
  '$name, by $way: routes.js becomes $to, and $fault',
  async ({ driver, ...each }) => {
    const main = (specifier: string) =>
      `${WAYS[each.way]!(specifier)}; export const ask = () => current(); import.meta.hot.accept()`
    const app: HmrApp = await driver.start({
      entry: '/main.js',
      files: {
        'main.js': main('./routes.js'),
        'routes.js': routesIn('routes.js', 'old'),
        'dep.js': 'export const dep = 1',
        'routes/other.js': '',
      },
    })
    const ask = async () => (await app.import('/main.js')).ask()
    await expect.poll(ask).toBe('old1')
    burst(app, each, main)
    await app.until(() => app.reports.some(({ outcome }) => outcome === 'failed'))
    // a save is told before the next one, or with it
    expect(await ask()).toMatch(/^(old|new)1$/)
    mend(app, each)
    await expect.poll(ask).toBe(each.fault.startsWith('it ') ? 'new1' : 'new2')
  },
)

// one way is enough for what is the same code
test.each(cases.filter(({ way, to }) => way === 'then()' && to === 'routes/index.js'))(
  'supervised: the process is not given up for it: $fault',
  async (each) => {
    const main = (specifier: string) =>
      `${WAYS[each.way]!(specifier)}; setInterval(() => console.log('now ' + current()), 20)`
    const { project, hub, line, lines } = await startApp(
      {
        'package.json': '{ "type": "module" }',
        'main.js': main('./routes.js'),
        'routes.js': routesIn('routes.js', 'old'),
        'dep.js': 'export const dep = 1',
        'routes/other.js': '',
      },
      { entry: 'main.js' },
    )
    await line(/^now old1/)
    const { pid } = hub.runners[0]!
    burst(project, each, main)
    await line(/still runs the code from before/)
    // a check of all that was saved, however many changes the saves were told in
    await expect(hub.restart()).rejects.toThrow('its new code cannot start')
    expect(hub.runners[0]).toMatchObject({ pid, state: 'ready' })
    mend(project, each)
    await line(/^now new/)
    expect(lines).not.toContain('now failed')
  },
)
