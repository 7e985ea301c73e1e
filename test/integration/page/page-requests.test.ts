import { once } from 'node:events'
import { type ClientRequest, get, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { TetherOptions } from '../../../src/index.ts'
import type { Snapshot, TimelineEntry } from '../../../src/server/page/page-types.ts'
import { startApp, type TestApp } from '../../support/app.ts'

const FILES = {
  'package.json': '{ "type": "module" }',
  'index.html': '<p>the front end</p>',
  'src/main.ts':
    "import './kept.ts'\nimport { text } from './text.ts'\nconsole.log('runs', text, process.env.SECRET !== undefined)\nsetInterval(() => {}, 1000)",
  'src/kept.ts': "import { inner } from './inner.ts'\nexport const kept = inner\nimport.meta.hot?.accept()",
  'src/inner.ts': 'export const inner = 1',
  'src/text.ts': "export const text: string = 'one'",
}
const SECRET = 'a-value-of-the-environment'

interface PageApp extends TestApp {
  port: number
}

/** A real server of Vite that listens, with an app. */
async function startPage(options: TetherOptions = {}, host = '127.0.0.1'): Promise<PageApp> {
  const attach = { token: 'a-token-for-attached-runners' }
  const app = await startApp(
    FILES,
    { env: { SECRET }, attach, ...options },
    { server: { middlewareMode: false, host, port: 0 } },
  )
  await app.line(/^runs/)
  if (app.hub.runners[0]?.state !== 'ready') await once(app.hub, 'runner:ready')
  return { ...app, port: (app.server.httpServer!.address() as AddressInfo).port }
}

interface Answer {
  status: number
  headers: IncomingMessage['headers']
  text: string
}

async function ask(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return read(request({ host: '127.0.0.1', port, path, method, headers, agent: false }).end())
}

async function read(asked: ClientRequest): Promise<Answer> {
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  const chunks = await answer.setEncoding('utf8').toArray()
  return { status: answer.statusCode!, headers: answer.headers, text: chunks.join('') }
}

/** The messages of the page's stream, as they come. */
function follow(port: number) {
  const messages: { event: string; data: unknown; at: number }[] = []
  let rest = ''
  const asked = get({ host: '127.0.0.1', port, path: '/__tether/events', agent: false }, (answer) => {
    answer.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n\n')
      rest = parts.pop()!
      for (const part of parts) {
        const [, event, data] = /event: (.*)\ndata: (.*)$/s.exec(part)!
        messages.push({ event: event!, data: JSON.parse(data!), at: Date.now() })
      }
    })
  })
  asked.on('error', () => {})
  onTestFinished(() => void asked.destroy())
  const until = async <T>(event: string, isMeant: (data: T) => boolean = () => true) => {
    const find = () => messages.find((each) => each.event === event && isMeant(each.data as T))
    await expect.poll(find, { timeout: 15_000, interval: 10 }).toBeDefined()
    return { ...find()!, data: find()!.data as T }
  }
  return { until, entry: (kind: string) => until<TimelineEntry>('entry', (entry) => entry.kind === kind) }
}

const tokenOf = ({ text }: Answer) => /name="tether-token" content="([\w-]+)"/.exec(text)![1]!

test('the page tells of a save, what came of it, and of errors until they are mended, and restarts and stops a runner', async () => {
  const { project, hub, port } = await startPage()
  const stream = follow(port)
  const { data } = await stream.until<Snapshot>('snapshot')
  expect(data).toMatchObject({
    root: project.root,
    errors: [],
    runners: [{ id: 'main.ts', state: 'ready', modules: 4 }],
  })
  expect(data.entries.map(({ kind }) => kind)).toContain('ready')

  const saved = Date.now()
  project.edit('src/inner.ts', '1', '2')
  const save = await stream.entry('save')
  console.info(`a save was on the page after ${save.at - saved} ms`)
  expect(save.data).toMatchObject({ files: [project.path('src/inner.ts')] })
  expect((await stream.entry('update')).data).toMatchObject({
    ...{ runner: 'main.ts', outcome: 'updated', evaluated: 2 },
    ...{ updates: [{ boundary: '/src/kept.ts' }], times: { compile: expect.any(Number), runner: expect.any(Number) } },
  })

  project.edit('src/inner.ts', 'export', 'export const =')
  const failed = await stream.until<Snapshot['errors']>('errors', (errors) => errors.length === 1)
  expect(failed.data[0]).toMatchObject({
    ...{ runner: 'main.ts', what: 'update' },
    error: { place: expect.stringMatching(/^src\/inner\.ts:\d+:\d+$/), message: expect.any(String) },
  })
  project.edit('src/inner.ts', 'export const =', 'export')
  await stream.until<Snapshot['errors']>('errors', (errors) => errors.length === 0)

  project.edit('src/text.ts', 'one', 'two')
  expect((await stream.entry('restart')).data).toMatchObject({
    cause: { kind: 'unaccepted', chain: ['/src/text.ts', '/src/main.ts'] },
  })
  await stream.until<TimelineEntry>('entry', (entry) => entry.kind === 'ready' && entry.took! > 0)

  project.write('src/text.ts', "export const text: string = 'two'\nthrow new Error('on purpose')")
  const crashed = (errors: Snapshot['errors']) => errors.some(({ error }) => error.message === 'on purpose')
  const { data: crash } = await stream.until<Snapshot['errors']>('errors', crashed)
  expect(crash[0]).toMatchObject({
    ...{
      what: 'process',
      error: { place: expect.stringMatching(/^src\/text\.ts:2:/), frame: expect.stringContaining('on purpose') },
    },
  })
  const started = once(hub, 'runner:ready')
  project.write('src/text.ts', "export const text: string = 'three'")
  await started

  const page = await ask(port, '/__tether/')
  const own = { origin: `http://127.0.0.1:${port}`, 'x-tether-token': tokenOf(page) }
  const before = hub.runners[0]!.pid
  const ready = once(hub, 'runner:ready')
  expect(await ask(port, '/__tether/restart?id=main.ts', own, 'POST')).toMatchObject({ status: 204 })
  await ready
  expect(hub.runners[0]!.pid).not.toBe(before)
  expect(await ask(port, '/__tether/stop?id=main.ts', own, 'POST')).toMatchObject({ status: 204 })
  await stream.until<Snapshot['runners']>('runners', ([runner]) => runner!.state === 'stopped')
  const unknown = await ask(port, '/__tether/stop?id=other.ts', own, 'POST')
  expect(unknown).toMatchObject({ status: 409, text: expect.stringContaining("got 'other.ts'") })
}, 60_000)

test('the graph says who imports a module, which ways an update takes from it, and where an accept() would help', async () => {
  const { port } = await startPage()
  const graph = async (query: string) => JSON.parse((await ask(port, `/__tether/graph?${query}`)).text)
  expect(await graph('search=TEXT')).toEqual({
    total: 1,
    modules: [{ url: '/src/text.ts', importers: 1, accepts: false }],
  })
  expect(await graph('module=/src/inner.ts')).toMatchObject({
    ...{ importedBy: ['/src/kept.ts'], imports: [] },
    ...{ accepted: [['/src/inner.ts', '/src/kept.ts']], unaccepted: [], wouldAccept: [] },
  })
  expect(await graph('module=/src/text.ts')).toMatchObject({
    ...{ accepted: [], unaccepted: [['/src/text.ts', '/src/main.ts']], wouldAccept: ['/src/text.ts', '/src/main.ts'] },
  })
  expect(await graph('module=/src/none.ts')).toBeNull()
}, 30_000)

test('nothing but the page itself gets its data or acts, and nothing secret is in it', async () => {
  const { port, hub } = await startPage()
  const page = await ask(port, '/__tether/')
  expect(page).toMatchObject({
    status: 200,
    headers: { 'content-security-policy': expect.stringMatching(/^default-src 'none'/) },
  })
  const token = tokenOf(page)
  const act = (headers: Record<string, string>) => ask(port, '/__tether/restart?id=main.ts', headers, 'POST')
  const { pid } = hub.runners[0]!
  const origin = `http://127.0.0.1:${port}`
  const refused: Record<string, Record<string, string>> = {
    'no token': { origin },
    'another token': { origin, 'x-tether-token': 'x'.repeat(token.length) },
    'another origin': { origin: 'http://localhost:1', 'x-tether-token': token },
    'an opaque origin': { origin: 'null', 'x-tether-token': token },
    'another site': { 'sec-fetch-site': 'cross-site', 'x-tether-token': token },
    'another port': { 'sec-fetch-site': 'same-site', 'x-tether-token': token },
    'another host': { host: 'attacker.example', origin: 'http://attacker.example', 'x-tether-token': token },
  }
  for (const [what, headers] of Object.entries(refused))
    expect([what, (await act(headers)).status]).toEqual([what, 403])
  expect(hub.runners[0]!.pid).toBe(pid)

  const foreign: Record<string, string>[] = [
    { origin: 'http://localhost:1' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
    { host: 'attacker.example' },
  ]
  for (const path of ['/__tether/', '/__tether/events', '/__tether/graph?search=', '/__tether/page.js']) {
    for (const headers of foreign) {
      const answer = await ask(port, path, headers)
      expect([path, headers, answer.status]).toEqual([path, headers, 403])
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
    }
  }
  // a link to the page, on any page
  const visit = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
  expect((await ask(port, '/__tether/', visit)).status).toBe(200)
  expect((await ask(port, '/__tether/events', visit)).status).toBe(403)
  expect(await ask(port, '/__tether')).toMatchObject({ status: 302, headers: { location: '/__tether/' } })
  expect((await ask(port, '/__tether/../../package.json')).text).not.toContain('"type"')

  const { data } = await follow(port).until<Snapshot>('snapshot')
  const shown = JSON.stringify(data)
  for (const secret of [SECRET, token, 'a-token-for-attached-runners']) expect(shown).not.toContain(secret)
}, 30_000)

test('the page is off where other machines can reach the server, unless the option asks for it, and wherever it says no', async () => {
  const open = await startPage({}, '0.0.0.0')
  const answer = await ask(open.port, '/__tether/')
  expect(answer).toMatchObject({ status: 403, text: expect.stringContaining('tether({ ui: true })') })
  expect((await ask(open.port, '/__tether/events')).status).toBe(403)
  const asked = await startPage({ ui: true }, '0.0.0.0')
  expect((await ask(asked.port, '/__tether/')).status).toBe(200)
  const off = await startPage({ ui: false })
  expect((await ask(off.port, '/__tether/')).text).toContain('the front end')
}, 60_000)
