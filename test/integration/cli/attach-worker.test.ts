/** `vite-tether attach` as an operator has it: signals, also as process 1, its token's file, probes, words, and no sources. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, type Running, run, until } from '../../support/child.ts'
import { runInContainer, whyNoContainers } from '../../support/container.ts'
import { createCertificate } from '../../support/network.ts'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

const APP = {
  'src/main.ts': `
    import { text } from './text.ts'
    console.log('main', text)
    setInterval(() => {}, 1000)
    import.meta.hot?.accept('./text.ts', (next) => console.log('now', next!.text))
    import.meta.hot?.dispose(() => console.log('disposed'))
  `,
  'src/text.ts': "export const text: string = 'one'",
}

/** Runs the command in a folder that has nothing of the project. */
function join(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const { root } = createProject({})
  const { TETHER_TOKEN: _token, TETHER_URL: _url, ...inherited } = process.env
  const worker = run(process.execPath, [cli, 'attach', ...argv], {
    cwd: root,
    env: { ...inherited, NO_COLOR: '1', ...env },
  })
  onTestFinished(() => worker.end())
  return worker
}

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s: a worker disposes, says bye and ends by the signal',
  async (signal) => {
    const project = createProject(APP)
    const { hub, lines, line } = await startServer(project.root, { attach: true })
    const { url, tokenFile } = hub.attach!
    const worker = join(['--token-file', tokenFile!, '--name', 'mail', url, 'src/main.ts'])
    await worker.match(/^main one$/m)
    await line(/mail#\d+ attached from/)
    const left = once(hub, 'runner:disconnect')
    process.kill(worker.pid, signal)
    expect(await worker.exited).toEqual({ code: null, signal })
    expect((await left)[0]).toMatchObject({ state: 'ended' })
    expect(hub.runners).toEqual([])
    expect(worker.text).toContain('disposed')
    await line(/mail#\d+ left/)
    expect(lines.filter((each) => /lost its link/.test(each))).toEqual([])
  },
)

test.skipIf(whyNoContainers()).each(['SIGTERM', 'SIGINT'] as const)(
  '%s as process 1: the same, with the exit code of a shell',
  async (signal) => {
    const project = createProject(APP)
    const { hub } = await startServer(project.root, { attach: true })
    const { url, tokenFile } = hub.attach!
    const command = `exec ${process.execPath} ${cli} attach --token-file ${tokenFile} ${url} src/main.ts`
    const container = await runInContainer(command, createProject({}).root)
    await container.match(/^main one$/m)
    const left = once(hub, 'runner:disconnect')
    container.signal(signal)
    expect(await container.exited).toMatchObject({ code: 128 + constants.signals[signal] })
    expect((await left)[0]).toMatchObject({ state: 'ended' })
    expect(hub.runners).toEqual([])
    expect(container.text.match(/disposed/g)).toHaveLength(1)
  },
)

test('a rollout leaves nobody on the list', async () => {
  const project = createProject(APP)
  const { hub } = await startServer(project.root, { attach: true })
  const { url, tokenFile } = hub.attach!
  const workers = Array.from({ length: 6 }, () => join(['--token-file', tokenFile!, url, 'src/main.ts']))
  for (const worker of workers) await worker.match(/^main one$/m)
  expect(hub.runners).toHaveLength(workers.length)
  for (const { pid } of workers) process.kill(pid, 'SIGTERM')
  for (const { exited } of workers) await exited
  await until(() => hub.runners.length === 0, 'the list to be empty')
})

test('while its own handler of the signal works, a save evaluates nothing any more', async () => {
  const project = createProject({
    ...APP,
    'src/later.ts': '',
    'src/main.ts': `${APP['src/main.ts']}\nprocess.on('SIGTERM', () => console.log('leaving'))\nprocess.on('SIGUSR2', () => import('./later.ts').then(() => setTimeout(() => process.exit(0), 300)))`,
  })
  const { hub } = await startServer(project.root, { attach: true })
  const { url, tokenFile } = hub.attach!
  const worker = join(['--token-file', tokenFile!, url, 'src/main.ts'])
  await worker.match(/^main one$/m)
  process.kill(worker.pid, 'SIGTERM')
  await worker.match(/^leaving$/m)
  project.edit('src/text.ts', 'one', 'two')
  // the change is on its way, and the answer to the import comes behind it
  await until(() => !hub.runners[0]!.current, 'the change to be sent')
  process.kill(worker.pid, 'SIGUSR2')
  expect(await worker.exited).toEqual({ code: 0, signal: null })
  expect(worker.text).not.toContain('now two')
})

test('the file of the token is read again: a Vite with another token gets its worker back, as it was', async () => {
  const project = createProject(APP)
  const port = await freePort()
  const file = createProject({}).path('token.key')
  const [first, second] = ['the-first-token-of-all', 'the-second-token-of-all']
  writeFileSync(file, first)
  const before = await startServer(project.root, { attach: { port, token: first } })
  const worker = join(['--token-file', file, before.hub.attach!.url, 'src/main.ts'])
  await worker.match(/^main one$/m)
  await before.server.close()
  await worker.match(/the link is lost, trying to get it back/)
  const after = await startServer(project.root, { attach: { port, token: second } })
  // Vite and worker both say what is wrong, until the file has the new one
  await after.line(/refused a runner from 127\.0\.0\.1 \(Host: .*\): the token is missing or wrong \(401\)/)
  await worker.match(/401.*check the token/)
  writeFileSync(file, second)
  await worker.match(/connected again, compared with the current sources/)
  project.edit('src/text.ts', 'one', 'two')
  await worker.match(/^now two$/m)
  expect(worker.text).not.toContain('disposed')
})

test('a token that is refused from the start names its file', async () => {
  const project = createProject(APP)
  const { hub } = await startServer(project.root, { attach: true })
  const file = createProject({}).path('token.key')
  writeFileSync(file, 'some-other-token-here')
  const worker = join(['--wait', '60', '--token-file', file, hub.attach!.url, 'src/main.ts'])
  expect(await worker.exited).toEqual({ code: 3, signal: null })
  expect(worker.text).toContain(`The token is that of ${file}: does it hold the one that Vite has now?`)
})

test('probes see whether a worker lives, is connected and runs the current code', async () => {
  const project = createProject(APP)
  const { hub, server } = await startServer(project.root, { attach: { port: await freePort() } })
  const { url, tokenFile } = hub.attach!
  const port = await freePort()
  const worker = join(['--health', `127.0.0.1:${port}`, '--token-file', tokenFile!, url, 'src/main.ts'])
  await worker.match(/^main one$/m)
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return [response.status, await response.json()]
  }
  await until(async () => (await ask('/ready'))[0] === 200, 'the worker to be ready')
  expect(await ask('/ready')).toEqual([200, { state: 'connected', current: true }])
  expect((await ask('/'))[0]).toBe(404)

  project.write('src/text.ts', 'export const = 1')
  await worker.match(/update failed/)
  const since = expect.stringMatching(/^\d{4}-\d\d-\d\dT/)
  await until(async () => (await ask('/ready'))[0] === 503, 'the failure to show')
  expect(await ask('/ready')).toEqual([503, { state: 'connected', current: false, since }])
  expect(await ask('/live')).toEqual([200, { state: 'connected', current: false, since }])
  await until(() => hub.runners[0]!.current === false, 'the hub to know')

  project.write('src/text.ts', "export const text: string = 'three'")
  await worker.match(/^now three$/m)
  await until(async () => (await ask('/ready'))[0] === 200, 'the worker to be ready again')
  await until(() => hub.runners[0]!.current, 'the hub to know')

  await server.close()
  await worker.match(/the link is lost/)
  expect(await ask('/ready')).toEqual([503, { state: 'disconnected', current: true, since }])
  expect((await ask('/live'))[0]).toBe(200)
  process.kill(worker.pid, 'SIGTERM')
  expect(await worker.exited).toEqual({ code: null, signal: 'SIGTERM' })
})

test('an address of --health that is taken is said at once', async () => {
  const project = createProject(APP)
  const { hub } = await startServer(project.root, { attach: { port: await freePort() } })
  const { url, tokenFile } = hub.attach!
  const worker = join(['--health', new URL(url).host, '--token-file', tokenFile!, url, 'src/main.ts'])
  expect(await worker.exited).toEqual({ code: 2, signal: null })
  expect(worker.text).toMatch(/Could not listen at the address of --health, .*EADDRINUSE.*Give it another port/)
})

test('the URL may come from the environment, and an entry that is missing is called a missing file', async () => {
  const project = createProject(APP)
  const { hub, line } = await startServer(project.root, { attach: true })
  const { url, token } = hub.attach!
  const env = { TETHER_URL: url, TETHER_TOKEN: token }
  await join(['src/main.ts'], env).match(/^main one$/m)
  const wrong = join(['src/nope.ts', 'argument'], env)
  expect(await wrong.exited).toEqual({ code: 1, signal: null })
  expect(wrong.text).toContain(
    `The entry 'src/nope.ts' does not exist where Vite runs: entries are relative to Vite's root, ${project.root}.`,
  )
  expect(wrong.text).not.toMatch(/npm install|package 'src/)
  // the terminal of Vite tells what becomes of updates elsewhere
  project.edit('src/text.ts', 'one', 'two')
  await line(/main\.ts#\d+ hot updated: src\/text\.ts via src\/main\.ts/)
  project.write('src/text.ts', 'export const = 1')
  await line(/main\.ts#\d+ update failed, the code from before runs/)
})

test('CommonJS runs without sources: files, JSON, and what they require themselves', async () => {
  const project = createProject({
    'package.json': '{}',
    'src/main.ts': `
      import { createRequire } from 'node:module'
      import imported from './a.cjs'
      const require = createRequire(import.meta.url)
      console.log('required', require('./a.cjs').name, require('./data.json').n, require('./a.cjs') === imported)
      try { require('./none.cjs') } catch (error) { console.log('none', error.code) }
      setInterval(() => {}, 1000)
    `,
    'src/a.cjs':
      "const { b } = require('./lib/b.cjs')\nexports.name = 'a' + b + require('./data.json').n + typeof __filename",
    'src/lib/b.cjs': "exports.b = 'b'",
    'src/data.json': '{ "n": 3 }',
  })
  const { hub } = await startServer(project.root, { attach: true })
  const { url, tokenFile } = hub.attach!
  const worker = join(['--token-file', tokenFile!, url, 'src/main.ts'])
  await worker.match(/^required ab3string 3 true$/m)
  await worker.match(/^none MODULE_NOT_FOUND$/m)
})

test.each<[string, 'untrusted' | 'name' | 'plain' | 'tls', RegExp]>([
  ['a certificate that is not trusted', 'untrusted', /NODE_EXTRA_CA_CERTS/],
  ['a certificate for another name', 'name', /make a certificate for Vite \(server\.https\) that names localhost/],
  ['ws: where TLS is spoken', 'tls', /if Vite has server\.https, the URL begins with wss:/],
  ['wss: where no TLS is spoken', 'plain', /Without server\.https in the Vite config the URL begins with ws:/],
])('%s: says what to do, and does not wait for it to pass', async (_what, kind, words) => {
  const project = createProject(APP)
  const { key, cert, file } = createCertificate('127.0.0.1')
  const config = kind === 'plain' ? {} : { server: { https: { key, cert } } }
  const { hub } = await startServer(project.root, { attach: { port: await freePort() } }, config)
  const { url, tokenFile } = hub.attach!
  const { port } = new URL(url)
  const to =
    kind === 'tls'
      ? `ws://127.0.0.1:${port}/__tether`
      : kind === 'name'
        ? `wss://localhost:${port}/__tether`
        : `wss://127.0.0.1:${port}/__tether`
  // a server that is about to restart hangs up too: that is worth waiting for
  const wait = kind === 'tls' ? '0' : '600'
  const worker = join(
    ['--wait', wait, '--token-file', tokenFile!, to, 'src/main.ts'],
    kind === 'untrusted' ? {} : { NODE_EXTRA_CA_CERTS: file },
  )
  expect(await worker.exited).toEqual({ code: 3, signal: null })
  expect(worker.text).toMatch(words)
})
