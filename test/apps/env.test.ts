/** `.env` is the app's affair, as under node; one hint tells those who expect something else. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { run } from '../support/child.ts'
import { createProject } from '../support/project.ts'
import { startServer } from '../support/tether.ts'

const HINT = /\.env sets .* but nothing has loaded it/
const FILES = { 'package.json': '{ "type": "module" }', '.env': 'PORT=3000\nDATABASE_URL="postgres://x"\n# A=1\n' }

test('an app that asks for variables of .env which nothing loads is given one hint, also over restarts', async () => {
  const app = await startApp({
    ...FILES,
    'src/main.ts': "import { port } from './config.ts'\nconsole.log('port ' + port)\nsetInterval(() => {}, 1e9)",
    'src/config.ts': 'export const port = process.env.PORT ?? 80',
  })
  expect(await app.line(HINT)).toBe(
    '[vite-tether] .env sets PORT, but nothing has loaded it into process.env. ' +
      'Give node the flag --env-file=.env (before the entry, or in execArgv of tether()), or load it in the app.',
  )
  app.project.edit('.env', '3000', '4000')
  await app.line(/restarted: \.env changed/)
  const exit = once(app.hub, 'exit')
  app.project.edit('src/main.ts', 'setInterval(() => {}, 1e9)', 'process.exit()')
  await exit
  await app.line(/exited 0/)
  expect(app.lines.filter((line) => HINT.test(line))).toHaveLength(1)
})

test('an app that ends over such a variable is given the hint too', async () => {
  const app = await startApp(
    {
      'package.json': '{}',
      '.env': FILES['.env'],
      'src/main.js': "require('./db')",
      'src/db.js': 'if (!process.env.DATABASE_URL) throw new Error("no database")',
    },
    { entry: 'src/main.js' },
  )
  await app.line(/no database/)
  await app.line(/\.env sets DATABASE_URL, but nothing/)
})

test.each<[string, string, Record<string, string>, string[]]>([
  ['node loads it', 'process.env.PORT', {}, ['--env-file=.env']],
  ['a preload loads it', 'process.env.PORT', { 'load.js': "process.loadEnvFile('.env')" }, ['--import', './load.js']],
  ['the app loads it', "(process.loadEnvFile('.env'), process.env.PORT)", {}, []],
  ['the app does not ask for it', 'process.env.PORTABLE', {}, []],
  ['it is for import.meta.env', 'import.meta.env.PORT', {}, []],
  ['the shell has set it', 'process.env.HOME', { '.env': 'HOME=/nowhere' }, []],
])('there is no hint at .env where %s', async (_, code, files, execArgv) => {
  const { root } = createProject({ ...FILES, ...files, 'src/main.ts': `console.log('sees ' + ${code})` })
  const app = await startServer(root, { entry: 'src/main.ts', execArgv, cwd: root })
  await app.line(/^sees/)
  await app.line(/exited 0/)
  expect(app.lines.filter((line) => HINT.test(line))).toEqual([])
})

test('there is no hint at .env in a run that happens once', async () => {
  const { root } = createProject({ ...FILES, 'main.ts': "console.log('port ' + process.env.PORT)" })
  const cli = new URL('../../dist/cli.js', import.meta.url).pathname
  const { PORT: _, ...env } = process.env
  const running = run(process.execPath, [cli, '--once', 'main.ts'], { cwd: root, env })
  await running.exited
  expect(running.text).toBe('port undefined\n')
})
