/** A save brings an import of a package that is not installed: the process that runs is not given up for one that could not start. */
import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'

const MAIN = (imports: string) => `${imports}\nconsole.log('runs ' + process.pid)\nsetInterval(() => {}, 1000)`

const FILES = {
  'package.json': '{ "type": "module", "name": "itself", "exports": { "./part": "./part.js" } }',
  'part.js': 'export {}',
  'src/main.js': MAIN(''),
  'src/dep.js': 'export {}',
  'node_modules/there/package.json': '{ "type": "module", "exports": { ".": "./index.js", "./deep": "./index.js" } }',
  'node_modules/there/index.js': 'export const there = 1',
  'node_modules/@scope/there/package.json': '{ "main": "index.js" }',
  'node_modules/@scope/there/index.js': 'exports.there = 1',
  'node_modules/old/package.json': '{}',
  'node_modules/old/deep/file.js': '',
}

test.each([
  ["import 'nowhere'", 'nowhere', 'nowhere', true],
  ["import nowhere from 'nowhere'", 'nowhere', 'nowhere', false],
  ["import { a } from '@scope/nowhere/part'", '@scope/nowhere/part', '@scope/nowhere', true],
  ["export * from 'no.where-at-all'", 'no.where-at-all', 'no.where-at-all', false],
])('%s: %s is missing', async (imports, specifier, name, standby) => {
  const app = await startApp(FILES, { entry: 'src/main.js', standby })
  await app.line(/^runs/)
  const { pid } = app.hub.runners[0]!
  app.project.write('src/main.js', MAIN(`import './dep.js'`))
  await expect.poll(() => app.hub.runners[0]!.pid).not.toBe(pid)
  await expect.poll(() => app.hub.runners[0]).toMatchObject({ state: 'ready', current: true })
  const next = app.hub.runners[0]!.pid
  app.project.write('src/dep.js', imports)
  const told = await app.line(/It must be installed/)
  expect(told).toContain(`Cannot find package '${specifier}'`)
  expect(told).toContain(`npm install ${name}.`)
  await app.line(/still runs the code from before/)
  expect(app.lines.join('\n')).toMatch(/src\/dep\.js:1:\d+/)
  expect(app.hub.runners[0]).toMatchObject({ pid: next, state: 'ready' })
  app.project.write('src/dep.js', 'export const good = 1')
  await expect.poll(() => app.hub.runners[0]!.pid).not.toBe(next)
  await expect.poll(() => app.hub.runners[0]).toMatchObject({ state: 'ready', current: true })
})

test('imports that Node finds are left to it', async () => {
  const app = await startApp(FILES, { entry: 'src/main.js' })
  await app.line(/^runs/)
  const imports = [
    ...["import { there } from 'there'", "import 'there/deep'", "import '@scope/there'", "import 'old/deep/file'"],
    ...["import 'itself/part'", "import 'node:fs'", "import 'fs/promises'", "import { keep } from 'vite-tether/keep'"],
    ...[
      "import './dep.js'",
      "const maybe = await import('nowhere').catch(() => 'none')",
      "console.log('maybe ' + maybe)",
    ],
  ]
  app.project.write('src/main.js', MAIN(imports.join('\n')))
  await app.line(/^maybe none$/)
  await expect.poll(() => app.hub.runners[0]).toMatchObject({ state: 'ready', current: true })
  expect(app.lines.join('\n')).not.toMatch(/still runs|must be installed/)
})

test.each([{ execArgv: ['--import', 'data:text/javascript,'] }, { env: { NODE_PATH: '/nowhere' } }])(
  'where node may know more than folders tell, it is asked: %j',
  async (options) => {
    const app = await startApp(FILES, { entry: 'src/main.js', ...options })
    await app.line(/^runs/)
    app.project.write('src/main.js', MAIN("import 'nowhere'"))
    await app.line(/exited with code 1 while starting/)
  },
)
