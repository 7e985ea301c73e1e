import { once } from 'node:events'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, type Running, run, until } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

const APP = {
  'src/main.ts': `
    import { text } from './text.ts'
    console.log('main', text, JSON.stringify(process.argv.slice(2)), import.meta.main, import.meta.filename)
    console.log('token', JSON.stringify(process.env).includes(process.argv[2]!))
    setInterval(() => {}, 1000)
    import.meta.hot?.accept('./text.ts', (next) => console.log('now', next!.text))
    import.meta.hot?.dispose(() => console.log('disposed'))
    process.on('SIGTERM', () => process.exit(9))
  `,
  'src/text.ts': "export const text: string = 'one'",
  'src/code.ts': 'process.exitCode = 7',
  'src/throws.ts': "throw new Error('as the app says')",
}

/** Runs the command in a folder that has nothing of the project. */
function join(argv: readonly string[], env: NodeJS.ProcessEnv = {}): { worker: Running; root: string } {
  const { root } = createProject({})
  const { TETHER_TOKEN: _, ...inherited } = process.env
  const worker = run(process.execPath, [cli, 'attach', ...argv], {
    cwd: root,
    env: { ...inherited, NO_COLOR: '1', ...env },
  })
  onTestFinished(() => worker.end())
  return { worker, root }
}

test('a worker without sources runs the app, takes its updates, and disposes when it is told to stop', async () => {
  const project = createProject(APP)
  const { hub } = await startServer(project.root, { attach: true })
  const { url, tokenFile, token } = hub.attach!
  expect(statSync(tokenFile!).mode & 0o777).toBe(0o600)
  const { worker, root } = join(['--token-file', tokenFile!, '--name', 'mail', url, 'src/main.ts', token, '--port'])
  const text = JSON.stringify([token, '--port'])
  await until(() => worker.text.includes(`main one ${text} true ${root}/src/main.ts\n`), 'the app')
  expect(hub.runners).toMatchObject([{ kind: 'attached', name: 'mail', pid: worker.pid, id: `mail#${worker.pid}` }])
  project.edit('src/text.ts', 'one', 'two')
  await worker.match(/^now two$/m)
  await worker.match(/\[vite-tether\] hot updated: \/src\/text\.ts via \/src\/main\.ts/)
  const left = once(hub, 'runner:disconnect')
  process.kill(worker.pid, 'SIGTERM')
  expect(await worker.exited).toEqual({ code: 9, signal: null })
  expect(worker.text).toContain('disposed')
  await left
  await until(() => hub.runners.length === 0, 'the runner to be gone')
})

test('a token of the environment does not reach the app', async () => {
  const project = createProject(APP)
  const { hub } = await startServer(project.root, { attach: true })
  const { url, token } = hub.attach!
  const { worker } = join([url, '/src/main.ts', token], { TETHER_TOKEN: token })
  await worker.match(/^token false$/m)
})

test('the exit code is that of the app', async () => {
  const project = createProject(APP)
  const { hub } = await startServer(project.root, { attach: true })
  const { url, token } = hub.attach!
  const ended = join([url, 'src/code.ts'], { TETHER_TOKEN: token })
  const threw = join([url, 'src/throws.ts'], { TETHER_TOKEN: token })
  expect(await ended.worker.exited).toEqual({ code: 7, signal: null })
  expect(await threw.worker.exited).toEqual({ code: 1, signal: null })
  expect(threw.worker.text).toMatch(/as the app says\n\s+at .*\/src\/throws\.ts:1:7/)
})

test.each<[string, (url: string) => string[], NodeJS.ProcessEnv, number, RegExp]>([
  ['no entry', (url) => [url], {}, 2, /Expected vite-tether attach <url> <entry>, got no entry/],
  ['no token', (url) => [url, 'src/main.ts'], {}, 2, /--token-file <file> .*TETHER_TOKEN/],
  ['a token on the command line', (url) => ['--token', 's3cret', url, 'a.ts'], {}, 2, /--token-file or TETHER_TOKEN/],
  ['a file that is not there', (url) => ['--token-file', 'none', url, 'a.ts'], {}, 2, /none cannot be read \(ENOENT\)/],
  ['a flag that does not exist', (url) => ['--tokenfile', 'x', url, 'a.ts'], {}, 2, /Did you mean '--token-file'/],
  ['no seconds', (url) => ['--wait', 'long', url, 'a.ts'], {}, 2, /--wait to be seconds, got 'long'/],
  ['a URL of another kind', () => ['http://localhost', 'a.ts'], { TETHER_TOKEN: 'x' }, 2, /expected ws:\/\//],
  ['a wrong token', (url) => [url, 'a.ts'], { TETHER_TOKEN: 's3cret' }, 3, /401.*check the token/],
  ['no server', () => ['ws://127.0.0.1:1/__tether', 'a.ts'], { TETHER_TOKEN: 's3cret' }, 3, /ECONNREFUSED/],
])('%s: says so and exits with its own code', async (_what, argv, env, code, text) => {
  const project = createProject(APP)
  const { hub } = await startServer(project.root, { attach: true })
  const { worker } = join(argv(hub.attach!.url), env)
  expect(await worker.exited).toEqual({ code, signal: null })
  expect(worker.text).toMatch(text)
  expect(worker.text).not.toContain('s3cret')
})

test('a worker waits for a server that is not there yet', async () => {
  const project = createProject(APP)
  const port = await freePort()
  const token = 'a token that both have got'
  const { worker } = join(['--wait=20', `ws://127.0.0.1:${port}/__tether`, 'src/main.ts', 'x'], { TETHER_TOKEN: token })
  await startServer(project.root, { attach: { port, token } })
  await worker.match(/^main one/m)
  expect(worker.text).toContain('connected.')
})
