/** `dispatchFetch` of Vite's environment reaches the app in its process. */

import { type FetchableDevEnvironment, isFetchableDevEnvironment, isRunnableDevEnvironment } from 'vite'
import { expect, test } from 'vitest'
import type { TetherOptions } from '../../../src/index.ts'
import { until } from '../../support/child.ts'
import { createProject, type Project } from '../../support/project.ts'
import { startServer, type TestServer } from '../../support/tether.ts'

interface Dispatching extends TestServer {
  project: Project
  dispatch(path: string, init?: RequestInit & { duplex?: 'half' }): Promise<Response>
}

async function start(files: Record<string, string>, options: TetherOptions = {}): Promise<Dispatching> {
  const project = createProject(files)
  const served = await startServer(project.root, { entry: 'src/main.ts', runnable: false, ...options })
  const environment = served.server.environments.ssr as FetchableDevEnvironment
  return {
    ...{ project, ...served },
    dispatch: (path, init) => environment.dispatchFetch(new Request(`http://front.localhost:1234${path}`, init)),
  }
}

const inspect = `
  export async function inspect(method: string, url: string, header: (name: string) => unknown, text: string) {
    return JSON.stringify({ method, url, host: header('host'), proto: header('x-forwarded-proto'), mine: header('x-mine'), text })
  }
`

/** Each kind of entry, with the same answers. */
const KINDS: Record<string, string> = {
  'export default { fetch }': `
    import { inspect } from './inspect.ts'
    export default {
      async fetch(request: Request) {
        const { pathname, search } = new URL(request.url)
        if (pathname === '/none') return new Response(null, { status: 204 })
        const text = await inspect(request.method, pathname + search, (name) => request.headers.get(name), await request.text())
        const headers = new Headers({ 'x-app': 'yes' })
        headers.append('set-cookie', 'a=1')
        headers.append('set-cookie', 'b=2')
        return new Response(text, { status: 201, headers })
      },
    }
  `,
  'an app that listens': `
    import { createServer } from 'node:http'
    import { inspect } from './inspect.ts'
    createServer(async (request, response) => {
      if (request.url === '/none') return response.writeHead(204).end()
      let text = ''
      for await (const chunk of request) text += chunk
      response.writeHead(201, { 'x-app': 'yes', 'set-cookie': ['a=1', 'b=2'] })
      response.end(await inspect(request.method!, request.url!, (name) => request.headers[name], text))
    }).listen(0, '127.0.0.1')
  `,
}

test.each(Object.entries(KINDS).flatMap(([kind, main]) => [undefined, false].map((serve) => ({ kind, serve, main }))))(
  'dispatchFetch has the app answer: $kind, serve: $serve',
  async ({ main, serve }) => {
    const options = serve === undefined ? {} : { serve }
    const { server, dispatch } = await start({ 'src/main.ts': main, 'src/inspect.ts': inspect }, options)
    const { ssr } = server.environments
    expect([isFetchableDevEnvironment(ssr), isRunnableDevEnvironment(ssr)]).toEqual([true, false])

    const answer = await dispatch('/a/../b%2Fc?d=1', { headers: { 'x-mine': 'ä', te: 'trailers', host: 'there.test' } })
    expect(answer.status).toBe(201)
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(answer.headers.get('x-app')).toBe('yes')
    expect(answer.headers.get('transfer-encoding')).toBe(null)
    expect(await answer.json()).toMatchObject({
      method: 'GET',
      url: '/b%2Fc?d=1',
      host: 'there.test',
      proto: 'http',
      text: '',
    })

    const posted = await dispatch('/post', { method: 'POST', body: 'x'.repeat(100_000) })
    expect(await posted.json()).toMatchObject({
      method: 'POST',
      host: 'front.localhost:1234',
      text: 'x'.repeat(100_000),
    })
    const emptied = await dispatch('/post', { method: 'DELETE' })
    expect(await emptied.json()).toMatchObject({ method: 'DELETE', text: '' })

    expect(await (await dispatch('/', { method: 'HEAD' })).text()).toBe('')
    const none = await dispatch('/none')
    expect([none.status, none.body]).toEqual([204, null])
  },
)

const STREAMS = `
  import { createServer } from 'node:http'
  createServer(async (request, response) => {
    response.on('close', () => response.writableFinished || console.log('cut', request.url))
    if (request.url === '/echo') {
      response.flushHeaders()
      request.pipe(response)
    } else if (request.url === '/much') {
      const chunk = Buffer.alloc(1 << 16)
      for (let n = 0; n < 1024; n++) if (!response.write(chunk)) await new Promise((done) => response.once('drain', done))
      response.end()
      console.log('all written')
    } else if (request.url === '/breaks') {
      process.once('SIGUSR2', () => response.destroy())
      response.write('begun')
    } else if (request.url === '/waits') console.log('waits')
    else response.end('ok')
  }).listen(0, '127.0.0.1')
`

test('bodies and answers are streamed, as fast as they are read', async () => {
  const { dispatch, line, lines } = await start({ 'src/main.ts': STREAMS })
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  const answer = await dispatch('/echo', { method: 'POST', body: readable, duplex: 'half' })
  const reader = answer.body!.getReader()
  // each chunk comes back before the next one is sent
  for (const text of ['one', 'two', 'three']) {
    await writer.write(Buffer.from(text))
    expect(Buffer.from((await reader.read()).value!).toString()).toBe(text)
  }
  await writer.close()
  expect((await reader.read()).done).toBe(true)

  const much = await dispatch('/much')
  for (let n = 0; n < 50; n++) expect(await (await dispatch('/')).text()).toBe('ok')
  expect(lines).not.toContain('all written')
  expect((await much.arrayBuffer()).byteLength).toBe(1 << 26)
  await line(/^all written$/)
})

test('either side learns that the other has gone', async () => {
  const { dispatch, hub, line, lines } = await start({ 'src/main.ts': STREAMS })
  const aborted = new AbortController()
  const waiting = dispatch('/waits', { signal: aborted.signal })
  await line(/^waits$/)
  aborted.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  await line(/^cut \/waits$/)

  await (await dispatch('/much')).body!.cancel()
  await line(/^cut \/much$/)

  const late = new AbortController()
  const echo = await dispatch('/echo', {
    method: 'POST',
    body: new ReadableStream(),
    duplex: 'half',
    signal: late.signal,
  })
  late.abort(new Error('too late'))
  await expect(echo.text()).rejects.toThrow('too late')
  await line(/^cut \/echo$/)
  expect(lines.join('\n')).not.toMatch(/broken off/)

  const broken = new ReadableStream({ start: (controller) => controller.error(new Error('no more')) })
  await expect(dispatch('/post', { method: 'POST', body: broken, duplex: 'half' })).rejects.toThrow('no more')

  const breaking = await dispatch('/breaks')
  process.kill(hub.runners[0]!.pid!, 'SIGUSR2')
  await expect(breaking.text()).rejects.toThrow(/aborted/)
  await line(/GET http:\/\/front.localhost:1234\/breaks: main.ts has broken off its answer/)
  expect(await (await dispatch('/')).text()).toBe('ok')
})

test('no request fails over 5 updates and 5 restarts', async () => {
  const { dispatch, project, hub } = await start({
    'src/main.ts': `
      import { count } from './count.ts'
      export default { fetch: async (request) => new Response(process.pid + ' ' + count + ' ' + (await request.text()).length) }
    `,
    'src/count.ts': 'export const count = 0',
  })
  const seen = { GET: new Set<string>(), POST: new Set<string>() }
  let isOver = false
  const clients = (['GET', 'POST', 'GET', 'POST'] as const).map(async (method) => {
    while (!isOver) {
      const answer = await dispatch('/', method === 'GET' ? {} : { method, body: 'x'.repeat(1000) })
      const text = await answer.text()
      if (answer.status !== 200) throw new Error(`${answer.status} ${text}`)
      seen[method].add(text)
    }
  })
  const both = (part: () => string) =>
    until(() => Object.values(seen).every((texts) => [...texts].some((text) => text.includes(part()))), 'the answer')
  for (let n = 1; n <= 5; n++) {
    project.edit('src/count.ts', /\d+/, String(n))
    await both(() => ` ${n} `)
    await hub.restart()
    await both(() => `${hub.runners[0]!.pid} ${n} `)
  }
  isOver = true
  await Promise.all(clients)
}, 60_000)

test('an app that cannot start is answered for with its error, until a save mends it', async () => {
  const { dispatch, project, hub } = await start({
    'src/main.ts': "throw new Error('no database')\nexport default { fetch: () => new Response('fine') }",
  })
  const failed = await dispatch('/', { headers: { accept: 'text/html' } })
  expect([failed.status, failed.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8'])
  // in middleware mode Vite does not know who reaches the server: the error's text is for the terminal
  expect(await failed.text()).not.toContain('no database')
  project.edit('src/main.ts', "throw new Error('no database')", '')
  await until(async () => (await dispatch('/')).status === 200, 'the app to answer')
  const [app] = hub.runners
  await hub.stop(app!.id)
  expect((await dispatch('/')).status).toBe(503)
})

test('without an app, and after the end, dispatchFetch rejects', async () => {
  const { dispatch, server } = await start({ 'src/main.ts': STREAMS, 'src/x.ts': '' }, { entry: [] })
  await expect(dispatch('/')).rejects.toMatchObject({
    code: 'ERR_CONFIG',
    message: expect.stringContaining('runnable'),
  })
  await server.close()
  await expect(dispatch('/')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
})

test('requests that wait or are answered end with the server', async () => {
  const { dispatch, server, line } = await start({ 'src/main.ts': STREAMS })
  const waiting = dispatch('/waits')
  await line(/^waits$/)
  const echo = await dispatch('/echo', { method: 'POST', body: new ReadableStream(), duplex: 'half' })
  const both = Promise.allSettled([waiting, echo.text()])
  await server.close()
  expect(await both).toMatchObject([
    { status: 'rejected', reason: { code: 'ERR_CLOSED' } },
    { status: 'rejected', reason: { code: 'ERR_CLOSED' } },
  ])
})
