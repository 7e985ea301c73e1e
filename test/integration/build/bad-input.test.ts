/** An app that cannot be built, previewed or run is told in a line that names the way out, and ends with code 1. */
import { createServer } from 'node:net'
import { createBuilder, resolveConfig } from 'vite'
import { expect, onTestFinished, test } from 'vitest'
import { type TetherOptions, tether } from '../../../src/index.ts'
import { build, createFullStack, runBuilt, runVite } from '../../support/built-app.ts'
import { createProject } from '../../support/project.ts'

const app = { 'src/main.ts': "export default { fetch: () => new Response('api') }" }

const OF_ONE = { build: true, entry: 'src/main.ts' }

test.each<[what: string, options: TetherOptions[], files: Record<string, string>, said: RegExp]>([
  ['no entry', [{ build: true }], {}, /The option 'build' of tether\(\) needs one 'entry', got none/],
  [
    'several entries',
    [{ build: true, entry: ['src/main.ts', 'src/worker.ts'] }],
    {},
    /needs one 'entry', got 2: src\/main\.ts, src\/worker\.ts\. Give any other app a tether\(\)/,
  ],
  [
    'an entry that does not exist',
    [{ build: true, entry: 'src/mian.ts' }],
    {},
    /The entry 'src\/mian\.ts' does not exist.*Did you mean/,
  ],
  ['serve: false', [{ ...OF_ONE, serve: false }], {}, /contradict each other.*Leave one of them out/s],
  [
    'two of them',
    [OF_ONE, { ...OF_ONE, environment: 'other' }],
    {},
    /Expected one tether\(\) of the config to have the option 'build', got two/,
  ],
  [
    'an error in code of the server',
    [OF_ONE],
    { 'src/main.ts': 'const a = 1\nexport default {{' },
    /src\/main\.ts:2:17/,
  ],
  [
    'a file that is missing',
    [OF_ONE],
    { 'src/main.ts': "import './missing.ts'\nexport default {}" },
    /missing\.ts.*src\/main\.ts/s,
  ],
])('a build with %s', async (_, options, files, said) => {
  const { root } = createProject({ ...app, ...files })
  const building = async () => {
    const plugins = options.map((each) => tether(each))
    const builder = await createBuilder({ root, configFile: false, logLevel: 'silent', plugins })
    await builder.buildApp()
  }
  await expect(building()).rejects.toThrow(said)
})

test.each([
  ['the client in the server', 'dist/server/public', 'dist/server'],
  ['the server in the client', 'dist', 'dist/server'],
  ['both in one', 'dist', 'dist'],
])('a build into folders that lie in each other: %s', async (_, client, server) => {
  const { root } = createProject(app)
  const environments = { client: { build: { outDir: client } }, ssr: { build: { outDir: server } } }
  const plugins = [tether(OF_ONE)]
  await expect(resolveConfig({ root, configFile: false, plugins, environments }, 'build')).rejects.toThrow(
    /Expected the folders of a build with tether\(\{ build: true \}\) to lie beside each other/,
  )
})

test('a build that fails ends with code 1', async () => {
  const project = createFullStack(
    { 'src/main.ts': 'const a = 1\nexport default {{' },
    "{ build: true, entry: 'src/main.ts' }",
  )
  const running = runVite(project, 'build')
  expect((await running.exited).code).toBe(1)
  expect(running.text).toMatch(/src\/main\.ts:2:17/)
})

test('a preview without a build, and of one that ends at once', async () => {
  const project = createFullStack(
    { 'src/main.ts': "throw new Error('no database')" },
    "{ build: true, entry: 'src/main.ts' }",
  )
  const none = runVite(project, 'preview', '--port', '0')
  expect((await none.exited).code).toBe(1)
  expect(none.text).toMatch(
    /There is no build to preview: dist\/server\/index\.js does not exist\. Run `vite build` first\./,
  )
  await build(project)
  const ended = runVite(project, 'preview', '--port', '0')
  expect((await ended.exited).code).toBe(1)
  expect(ended.text).toMatch(/no database/)
  expect(ended.text).toMatch(/src\/main\.ts has ended with exit code 1 before it answered requests/)
}, 60_000)

test('a server that cannot serve', async () => {
  const project = createFullStack(app, "{ build: true, entry: 'src/main.ts' }")
  await build(project)
  const other = createServer().listen(0)
  onTestFinished(() => void other.close())
  const { port } = other.address() as { port: number }
  const taken = runBuilt(project, { PORT: String(port) })
  expect((await taken.exited).code).toBe(1)
  expect(taken.text).toBe(
    `[vite-tether] Port ${port} is taken. End what listens there, or set the variable PORT to another one.\n`,
  )
  const wrong = runBuilt(project, { PORT: 'http' })
  expect((await wrong.exited).code).toBe(1)
  expect(wrong.text).toBe("[vite-tether] Expected the variable PORT to be a number from 0 to 65535, got 'http'.\n")
  project.write('src/main.ts', 'export const answer = 42')
  await build(project)
  const silent = runBuilt(project, { PORT: '0' })
  expect((await silent.exited).code).toBe(1)
  expect(silent.text).toMatch(
    /^\[vite-tether\] src\/main\.ts answers no requests: expected it to listen, .* it exports answer, and does not listen\.\n$/,
  )
  project.write('src/main.ts', "\nconst wrong: number = 1\nthrow new Error('at the start')")
  await build(project)
  const thrown = runBuilt(project, { PORT: '0' })
  expect((await thrown.exited).code).toBe(1)
  expect(thrown.text).toMatch(/Error: at the start\n.*src\/main\.ts:3:7/)
}, 60_000)
