/** A module that an import() has loaded is deleted: whichever way it is written the failure is told, and the old code runs until the file is back. */
import { expect, test } from 'vitest'
import { attached, inProcess } from '../../support/hmr-driver.ts'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

/** File that is deleted -> specifiers by which it is imported. */
const SPELLINGS: Record<string, string[]> = {
  'routes.ts': ['./routes', './routes.js', './routes.ts'],
  'routes/index.ts': ['./routes', './routes/index', './routes/index.js'],
  'v1.routes.ts': ['./v1.routes', './v1.routes.js'],
}
const spellings = Object.entries(SPELLINGS).flatMap(([file, all]) => all.map((specifier) => ({ file, specifier })))

/** Ways to load it; each leaves `current()`. */
const WAYS: Record<string, (specifier: string) => string> = {
  'top-level await': (specifier) => `const { reply } = await import('${specifier}'); const current = () => reply`,
  'then()': (specifier) =>
    `let reply; import('${specifier}').then((it) => { reply = it.reply }, () => { reply = 'failed' }); const current = () => reply`,
}

const routes = (reply: string) => `export const reply = '${reply}'`

test.each(
  spellings.flatMap(({ file, specifier }) =>
    Object.keys(WAYS).flatMap((way) =>
      [
        { driver: inProcess, accept: '' },
        { driver: inProcess, accept: 'import.meta.hot.accept()' },
        { driver: attached, accept: 'import.meta.hot.accept()' },
      ].map(({ driver, accept }) => ({ file, specifier, way, accept, driver, name: driver.name })),
    ),
  ),
)('$name: $specifier is $file, by $way, the entry has $accept', async ({ driver, file, specifier, way, accept }) => {
  const app = await driver.start({
    entry: '/main.ts',
    files: {
      'main.ts': `${WAYS[way]!(specifier)}; export const ask = async () => current(); ${accept}`,
      [file]: routes('v1'),
    },
  })
  const ask = async () => (await app.import('/main.ts')).ask()
  await expect.poll(ask).toBe('v1')
  const failed = await app.after(() => app.remove(file))
  expect(failed.outcome).toBe('failed')
  expect(failed.error?.message).toMatch(/Cannot find|Failed to load|ENOENT/)
  expect(await ask()).toBe('v1')
  await app.after(() => app.write(file, routes('v2')))
  await expect.poll(ask).toBe('v2')
})

// the tests above have all spellings
const unlike = spellings.filter(({ specifier }) => ['./routes', './routes.js', './v1.routes.js'].includes(specifier))

test.each(unlike.map((each, index) => ({ ...each, standby: index % 2 === 0 })))(
  'supervised: the process is not given up for it, and the file heals it: $specifier is $file, standby: $standby',
  async ({ file, specifier, standby }) => {
    const project = createProject({
      'package.json': '{ "type": "module" }',
      'main.ts': `${WAYS['then()']!(specifier)}; setInterval(() => console.log('now ' + current()), 20)`,
      [file]: routes('v1'),
    })
    const { hub, line, lines } = await startServer(project.root, { entry: 'main.ts', standby })
    await line(/^now v1/)
    const { pid } = hub.runners[0]!
    const failed = line(/Cannot find module .*routes/)
    project.remove(file)
    await failed
    expect(hub.runners[0]).toMatchObject({ pid, state: 'ready' })
    project.write(file, routes('v2'))
    await line(/^now v2/)
    expect(lines.filter((each) => /restarted|now failed/.test(each))).toEqual([expect.stringMatching(/restarted/)])
  },
)
