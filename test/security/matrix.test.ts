/**
 * The promises of the endpoint, point by point. A promise that is tested elsewhere is listed with the title of its test, and the
 * title has to be there.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { join, resolve } from 'node:path'
import { createServer, type UserConfig, type ViteDevServer } from 'vite'
import { expect, onTestFinished, test } from 'vitest'
import { openSession } from '../../src/client/link/open-session.ts'
import { connect } from '../../src/client/runner/connect.ts'
import { getTether, type TetherHub, tether } from '../../src/index.ts'
import { isSafe } from '../../src/server/sessions/upgrade-rules.ts'
import { deriveKeys } from '../../src/shared/session/auth.ts'
import { headersFor, knock } from '../support/knock.ts'
import { outsideAddress } from '../support/network.ts'
import { createProject } from '../support/project.ts'
import { runnerFunctions } from '../support/session.ts'
import { startServer } from '../support/tether.ts'

const repository = resolve(import.meta.dirname, '../..')

/** Vite as `vite dev` starts it, with attached runners on its own http server. */
async function listening(
  config: UserConfig['server'] = {},
): Promise<{ hub: TetherHub; server: ViteDevServer; url: string }> {
  const project = createProject({ 'main.ts': 'export const n = 1' })
  const server = await createServer({
    root: project.root,
    configFile: false,
    logLevel: 'silent',
    server: { port: 0, host: '127.0.0.1', ...config },
    plugins: [tether({ attach: true })],
  })
  onTestFinished(() => server.close())
  await server.listen()
  const hub = getTether(server)
  await hub.ready
  const { port } = server.httpServer!.address() as { port: number }
  return { hub, server, url: `ws://127.0.0.1:${port}/__tether` }
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])

/** A raw session of an attached runner. */
async function session(hub: TetherHub) {
  const { url, token } = hub.attach!
  const opened = await openSession({ url, secret: token, kind: 'attached', functions: runnerFunctions() })
  onTestFinished(() => opened.close())
  return opened
}

const info = { name: 'probe', kind: 'attached', pid: 1, host: 'h', root: '/' } as const

const outside = outsideAddress()

test('S1: attached runners find 127.0.0.1 where Vite has no http server', async () => {
  const { hub } = await startServer(createProject({}).root, { attach: true })
  expect(new URL(hub.attach!.url).hostname).toBe('127.0.0.1')
})

test('S1: without the option there is no address at all', async () => {
  const { hub } = await startServer(createProject({}).root)
  expect(hub.attach).toBeUndefined()
})

test.each<[string, Record<string, string | undefined>, number]>([
  ['what a runner sends', {}, 101],
  ['no token, no origin', { Authorization: undefined }, 401],
  ['an empty token', { Authorization: 'Bearer ' }, 401],
  ['an origin', { Origin: 'https://example.com' }, 403],
  ['the origin null', { Origin: 'null' }, 403],
  ['an origin that is an address', { Origin: 'http://127.0.0.1' }, 403],
  ['the origin of Vite itself', { Origin: 'http://localhost:5173' }, 403],
  ['an empty origin', { Origin: '' }, 403],
  ['the origin of an old browser', { 'Sec-WebSocket-Origin': 'https://example.com' }, 403],
  ['a host that points here', { Host: 'attacker.example' }, 403],
  ['a host that is allowed as a suffix only', { Host: 'evil-dev.example' }, 403],
  ['a host that Vite allows', { Host: 'dev.example:80' }, 101],
  ['a subdomain that Vite allows', { Host: 'a.team.example' }, 101],
  ['a header that claims another peer', { Host: 'attacker.example', 'X-Forwarded-Host': 'localhost' }, 403],
])('S2, S3, S4, S7: before the upgrade, on the http server of Vite: %s', async (_what, change, status) => {
  const { hub, url } = await listening({ allowedHosts: ['dev.example', '.team.example'] })
  const { token } = hub.attach!
  const answer = await knock(url, { ...headersFor(token), ...change })
  expect(statusOf(answer)).toBe(status)
  expect(answer).not.toContain(token)
  expect(answer).not.toContain(deriveKeys(token).gate)
})

test('S23: no answer tells a path of this machine', async () => {
  const { hub, server, url } = await listening()
  const good = headersFor(hub.attach!.token)
  const answers = await Promise.all([
    knock(url, { ...good, Authorization: 'x' }),
    knock(url, { ...good, Origin: 'x' }),
    knock(url, { ...good, Host: 'x.example' }),
    knock(url, good, '/elsewhere'),
    knock(url, { ...good, 'Sec-WebSocket-Protocol': 'tether.v9' }),
    knock(url, { ...good, 'Sec-WebSocket-Version': '1' }),
  ])
  expect(answers.map(statusOf)).toEqual([401, 403, 403, 404, 426, 400])
  for (const answer of answers) expect(answer).not.toContain(server.config.root)
})

test('S9: peers that reset while they are refused do no harm', async () => {
  const { hub, url } = await listening()
  const { hostname, port } = new URL(url)
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      const socket = connectTcp(Number(port), hostname)
      await once(socket, 'connect')
      socket.write(`GET /__tether HTTP/1.1\r\nHost: ${hostname}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`)
      socket.resetAndDestroy()
    }),
  )
  expect((await (await session(hub)).rpc.init(info)).id).toBe(`probe#${process.pid}`)
})

const SECRET = 'only-for-the-server'

test('S14: of the environment what Vite shows to modules, and nothing else', async () => {
  const project = createProject({ '.env': `DATABASE=${SECRET}\nVITE_SHOWN=shown` })
  process.env.MATRIX_SECRET = SECRET
  onTestFinished(() => {
    delete process.env.MATRIX_SECRET
  })
  const { hub } = await startServer(project.root, { attach: true }, { define: { __KEY__: JSON.stringify(SECRET) } })
  const config = await (await session(hub)).rpc.init(info)
  expect(config.env).toMatchObject({ VITE_SHOWN: 'shown', SSR: true })
  expect(JSON.stringify(config)).not.toContain(SECRET)
})

test('S24: an event that Vite reserves is not heard, one of the app is', async () => {
  const server = await startServer(createProject({}).root, { attach: true })
  const heard: string[] = []
  const { hot } = server.server.environments.ssr!
  for (const name of ['vite:client:disconnect', 'vite:invalidate', 'vite:forged', 'app:event']) {
    hot.on(name, () => heard.push(name))
  }
  const { rpc } = await session(server.hub)
  await rpc.init(info)
  for (const event of ['vite:client:disconnect', 'vite:forged', 'app:event'])
    rpc.hot({ type: 'custom', event, data: 1 })
  await expect.poll(() => heard).toEqual(['app:event'])
  expect(await server.line(/'vite:forged'/)).toContain("begin with 'vite:' are Vite's")
})

test('an attached runner is one, whatever it says', async () => {
  const project = createProject({ 'main.ts': 'setInterval(() => {}, 1000)' })
  const { hub } = await startServer(project.root, { attach: true, entry: 'main.ts' })
  const [app] = hub.runners
  const { url, token } = hub.attach!
  const liar = await openSession({ url, secret: token, kind: 'supervised', functions: runnerFunctions() })
  onTestFinished(() => liar.close())
  const claims = { ...info, name: app!.id, pid: app!.pid ?? 1, kind: 'helper', app: app!.id } as const
  expect(await liar.rpc.init(claims as never)).toMatchObject({ entries: [], onUnaccepted: 'reload' })
  expect(hub.runners).toMatchObject([{ kind: 'supervised' }, { kind: 'attached', pid: process.pid }])
})

test('S13: a refused file is named in the terminal, with the way out', async () => {
  const project = createProject({ 'secret.pem': 'A', 'main.ts': '' })
  const server = await startServer(project.root, { attach: true })
  const { rpc } = await session(server.hub)
  await rpc.init(info)
  await expect(rpc.fetch('/secret.pem?raw')).rejects.toMatchObject({ code: 'ERR_MODULE_NOT_FOUND' })
  expect(await server.line(/refused ".*secret\.pem\?raw"/)).toContain('server.fs.allow')
})

test('S19: a port of its own beyond loopback needs TLS, and says how to get by without', async () => {
  const project = createProject({})
  const starting = startServer(project.root, { attach: { host: '0.0.0.0', port: 0 } })
  await expect(starting).rejects.toMatchObject({
    code: 'ERR_CONFIG',
    message: expect.stringMatching(/server\.https.*tunnel/),
  })
})

test.skipIf(outside === undefined)('S20: without TLS the address of the peer decides, not what it says', async () => {
  const { hub, url } = await listening({ host: '0.0.0.0' })
  const { token } = hub.attach!
  const { port } = new URL(url)
  const answer = await knock(`ws://${outside}:${port}/__tether`, {
    ...headersFor(token),
    Host: 'localhost',
    'X-Forwarded-For': '127.0.0.1',
    Forwarded: 'for=127.0.0.1',
  })
  expect(statusOf(answer)).toBe(403)
  expect(answer).toContain('server.https')
  await expect(connect({ url: `ws://${outside}:${port}/__tether`, token })).rejects.toMatchObject({
    code: 'ERR_FORBIDDEN',
    message: expect.stringContaining('server.https'),
  })
  await (await connect({ url, token })).close()
})

test.each([
  ['127.0.0.1', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['192.168.1.2', false],
  ['::ffff:192.168.1.2', false],
  ['fe80::1', false],
])('S20: the peer %s is of this machine: %s', (remoteAddress, expected) => {
  expect(isSafe({ remoteAddress } as never)).toBe(expected)
  expect(isSafe({ remoteAddress, encrypted: true } as never)).toBe(true)
})

const apply = (env: NodeJS.ProcessEnv, how: object, options = {}) => {
  const before = { ...process.env }
  Object.assign(process.env, env)
  try {
    const plugin = tether(options) as { apply(config: UserConfig, how: object): boolean }
    return plugin.apply({}, how)
  } finally {
    process.env = before
  }
}
const serve = { command: 'serve', mode: 'development' }

test.each([
  ['in vite dev', {}, serve, {}, true],
  ['in build', {}, { ...serve, command: 'build' }, {}, false],
  ['in preview', {}, { ...serve, isPreview: true }, {}, false],
  ['in an app process', { VITE_TETHER_RUNNER: '1' }, serve, {}, false],
  ['under NODE_ENV=production', { NODE_ENV: 'production' }, serve, {}, false],
  ['under NODE_ENV=production, forced', { NODE_ENV: 'production' }, serve, { force: true }, true],
])('S21: the plugin does nothing where it would expose by mistake: %s', (_where, env, how, options, expected) => {
  expect(apply(env, how, options)).toBe(expected)
})

test('S25: what is known to be vulnerable is out of range, and the packages are locked', () => {
  const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8'))
  const atLeast = (name: string, minimum: number[]) => {
    const found = lock.packages[`node_modules/${name}`].version.split('.').map(Number)
    const differs = minimum.findIndex((part, index) => part !== found[index])
    expect(differs === -1 || found[differs] > minimum[differs]!, `${name} ${found.join('.')}`).toBe(true)
  }
  atLeast('vite', [8, 0, 5])
  atLeast('vitest', [3, 0, 5])
  atLeast('ws', [8, 21, 0])
  const { dependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))
  expect(dependencies.ws).toBe('^8.23.0')
  expect(readFileSync(join(repository, 'SECURITY.md'), 'utf8')).toMatch(/^\| 20\d\d-\d\d-\d\d \|/m)
})

test.each<[string, string, ...string[]]>([
  [
    'S1',
    'test/integration/sessions/session-gate.test.ts',
    'a private socket lies in a folder that only its owner can enter',
  ],
  ['S5', 'test/unit/server/sessions/upgrade-rules.test.ts', 'secrets are 32 random bytes'],
  [
    'S6, S7',
    'test/security/token.test.ts',
    'stands in no argv',
    'does not reach what the app starts',
    'is in no output',
  ],
  [
    'S8',
    'test/integration/sessions/session-gate.test.ts',
    'a token that is one byte short',
    'a token that is one byte too long',
  ],
  ['S9', 'test/integration/sessions/session-gate.test.ts', '%s is refused'],
  ['S10', 'test/integration/sessions/session-gate.test.ts', 'runners, pages and other WebSockets share the port'],
  ['S10', 'test/integration/sessions/attach.test.ts', "beside the browser's WebSocket"],
  ['S11, S12', 'test/security/ids.test.ts', 'do not leak after the server itself has loaded them'],
  [
    'S15',
    'test/unit/shared/rpc/rpc.test.ts',
    'is answered with an error and runs nothing',
    "'constructor'",
    "'toJSON'",
  ],
  ['S16', 'test/unit/shared/session/fuzz.test.ts', 'fuzzed frames end their link'],
  ['S16', 'test/integration/sessions/session-gate.test.ts', 'fuzzed frames end their link, never the process'],
  ['S17', 'test/integration/sessions/session-gate.test.ts', 'the eleventh failure', 'connections that never upgrade'],
  ['S17', 'test/integration/sessions/session-faults.test.ts', '16.1 MiB are an error of their caller'],
  ['S17', 'test/unit/shared/session/opening.test.ts', 'with 4429 when there are too many sessions'],
  ['S17', 'test/unit/shared/rpc/rpc.test.ts', 'more calls at work than the limit'],
  ['S18', 'test/security/impostor.test.ts', 'nothing that it sends is evaluated'],
  ['S19', 'test/integration/sessions/session-process.test.ts', 'a runner that does not trust it sends nothing'],
  ['S22', 'test/security/impostor.test.ts', 'played back'],
  ['S22', 'test/unit/shared/session/opening.test.ts', 'the newer one keeps the session'],
])('%s is tested in %s', (_id, file, ...titles) => {
  const text = readFileSync(join(repository, file), 'utf8')
  for (const title of titles) expect(text).toContain(title)
})
