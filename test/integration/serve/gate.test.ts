/** Requests over the starts, restarts, crashes and mistakes of the app. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { until } from '../../support/child.ts'
import { LISTENING, PAGES, startFullStack } from '../../support/full-stack.ts'
import { createProject } from '../../support/project.ts'
import { ask, startLoad } from '../../support/requests.ts'
import { startServer } from '../../support/tether.ts'

/** One whose answer is of its own module, and which restarts for another one. */
const files = {
  ...PAGES,
  'src/main.ts': `
    import { createServer } from 'node:http'
    import { mark } from './mark.ts'
    import { count } from './count.ts'
    createServer(async (request, response) => {
      for await (const _ of request);
      response.end(mark + ' ' + current)
    }).listen(0, '127.0.0.1')
    let current = count
    import.meta.hot?.accept('./count.ts', (now) => {
      current = now.count
    })
  `,
  'src/mark.ts': 'export const mark = 0',
  'src/count.ts': 'export const count = 0',
}

test('no request fails over 10 updates and 10 restarts, with and without a body', async () => {
  const stack = await startFullStack(files)
  const to = { host: '127.0.0.1', port: stack.port, path: '/api' }
  const loads = [startLoad(to, true), startLoad({ ...to, method: 'POST' }, true, Buffer.alloc(1000, 'x'))]
  for (let n = 1; n <= 10; n++) {
    stack.project.edit('src/count.ts', /\d+/, String(n))
    await until(() => loads.every(({ answers }) => [...answers].some((text) => text.endsWith(` ${n}`))), 'the update')
    stack.project.edit('src/mark.ts', /\d+/, String(n))
    await until(
      () => loads.every(({ answers }) => [...answers].some((text) => text.startsWith(`${n} `))),
      'the restart',
    )
  }
  await Promise.all(loads.map((load) => load.end()))
  expect(loads.map(({ failures }) => failures)).toEqual([[], []])
  expect(loads[0]!.count + loads[1]!.count).toBeGreaterThan(100)
  expect(stack.lines.filter((line) => /restarted/.test(line))).toHaveLength(10)
}, 120_000)

test('no request fails over 10 updates and 10 restarts of an entry that exports fetch', async () => {
  const stack = await startFullStack(
    {
      ...PAGES,
      'src/main.ts': `
        import { count } from './count.ts'
        export default { fetch: async (request) => new Response(process.pid + ' ' + count + ' ' + (await request.text()).length) }
      `,
      'src/count.ts': 'export const count = 0',
    },
    { serve: undefined as never },
  )
  const to = { host: '127.0.0.1', port: stack.port, path: '/api' }
  const loads = [startLoad(to, true), startLoad({ ...to, method: 'POST' }, true, Buffer.alloc(1000, 'x'))]
  const answered = (part: () => string) =>
    until(() => loads.every(({ answers }) => [...answers].some((text) => text.includes(part()))), 'the answer')
  for (let n = 1; n <= 10; n++) {
    stack.project.edit('src/count.ts', /\d+/, String(n))
    await answered(() => ` ${n} `)
    await stack.hub.restart()
    await answered(() => `${stack.hub.runners[0]!.pid} ${n} `)
  }
  await Promise.all(loads.map((load) => load.end()))
  expect(loads.map(({ failures }) => failures)).toEqual([[], []])
  expect([...loads[1]!.answers].every((text) => text.endsWith(' 1000'))).toBe(true)
}, 120_000)

test('requests wait while the app starts, and get the error at once if it cannot', async () => {
  const stack = await startFullStack({
    ...LISTENING,
    ...PAGES,
    'src/main.ts': "await new Promise((done) => setTimeout(done, 400))\nthrow new Error('no database')",
  })
  const began = performance.now()
  const { status, body, headers } = await stack.ask('/api', { method: 'POST', body: 'x' })
  expect([status, headers['content-type']]).toEqual([503, 'text/plain; charset=utf-8'])
  expect(body).toMatch(
    /^main\.ts has exited with code 1 while it started, and waits for a save\.\n[\s\S]*Error: no database/,
  )
  expect(body).toMatch(/main\.ts:2:7/)
  expect(performance.now() - began).toBeGreaterThan(100)
  // a page too, and the front end goes on
  const page = await stack.ask('/users', { headers: { accept: 'text/html' } })
  expect([page.status, page.body]).toEqual([503, expect.stringContaining('Error: no database')])
  expect((await stack.ask('/', { headers: { accept: 'text/html' } })).body).toContain('front page')

  stack.project.write('src/main.ts', LISTENING['src/main.ts'])
  await until(async () => (await stack.ask('/api')).body === 'app: GET /api', 'the app to be back')
})

test('a request that waits for an app that does not begin, or does not answer, ends with a line', async () => {
  const stack = await startFullStack(
    { ...PAGES, 'src/main.ts': 'setInterval(() => {}, 1000)' },
    { serve: { timeout: 300 } },
  )
  await until(() => stack.hub.runners[0]?.state === 'ready', 'the app')
  const late = 'main.ts has not begun to answer requests within 300 ms'
  expect(await stack.ask('/api')).toMatchObject({ status: 504, body: `${late}\n` })
  expect(await stack.line(/has not begun/)).toBe(`[vite-tether] GET /api: ${late}`)
})

/** An app that is no app: what it does with a connection decides the path. */
const odd = `
  import { createServer } from 'node:net'
  import { createServer as http } from 'node:http'
  let asked = 0
  const server = http()
  server.on('connection', (socket) => {
    socket.on('error', () => {})
    server.removeAllListeners('request')
  })
  server.on('request', () => {})
  server.listen(0, '127.0.0.1')
  server.removeAllListeners('connection')
  server.on('connection', (socket) => {
    socket.on('error', () => {})
    socket.once('data', (data) => {
      const path = String(data).split(' ')[1]
      asked++
      if (path === '/closes') socket.destroy()
      else if (path === '/middle') socket.write('HTTP/1.1 200 OK\\r\\nContent-Length: 10\\r\\n\\r\\n12345', () => socket.destroy())
      else if (path === '/broken') socket.end('HTTP/1.1 200 OK\\r\\nA\\u0001: 1\\r\\n\\r\\n')
      else if (path === '/garbage') socket.end('what?')
      else if (path === '/101') socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: x\\r\\nConnection: Upgrade\\r\\n\\r\\n')
      else if (path === '/silent') socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: x\\r\\nConnection: Upgrade\\r\\n\\r\\n')
      else if (path === '/count') socket.end('HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\n' + asked)
      else if (path !== '/never') socket.end('HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\nok')
    })
  })
`

/** Sends text, and resolves with what has come when the connection ends. */
async function talk(port: number, text: string, isOver: (got: string) => boolean = () => false): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1', () => socket.write(text))
  onTestFinished(() => void socket.destroy())
  let got = ''
  socket.on('data', (chunk) => {
    got += chunk
    if (isOver(got)) socket.destroy()
  })
  socket.on('error', () => {})
  await once(socket, 'close')
  return got
}

const get = (path: string, more = '') =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more || 'Connection: close\r\n'}\r\n`

test('what an app does wrong is a clear answer and one line, and Vite goes on', async () => {
  const stack = await startFullStack({ ...PAGES, 'src/main.ts': odd }, { serve: { timeout: 400 } })
  await stack.serving()
  const lines = async (act: () => Promise<unknown>) => {
    const from = stack.lines.length
    await act()
    return stack.lines.slice(from).filter((line) => line.includes('[vite-tether]'))
  }
  const outcomes: Record<string, unknown> = {}
  for (const path of ['/never', '/closes', '/broken', '/garbage', '/101']) {
    const told = await lines(async () => {
      outcomes[path] = (await stack.ask(path)).status
    })
    expect(told).toEqual([expect.stringMatching(new RegExp(`^\\[vite-tether\\] GET ${path}: main\\.ts has `))])
  }
  expect(outcomes).toEqual({ '/never': 504, '/closes': 502, '/broken': 502, '/garbage': 502, '/101': 502 })
  // the client sees that the answer is not whole
  const told = await lines(async () => {
    await expect(stack.ask('/middle')).rejects.toThrow(/aborted|hang up|ECONNRESET/)
    await stack.line(/GET \/middle: main\.ts has broken off its answer/)
  })
  expect(told).toHaveLength(1)
  // an upgrade that is never answered, and one after which nothing is said, which is the app's business
  const upgrade = 'Connection: Upgrade\r\nUpgrade: x\r\n'
  expect(await talk(stack.port, get('/never', upgrade))).toMatch(/^HTTP\/1\.1 504 /)
  expect(await talk(stack.port, get('/closes', upgrade))).toMatch(/^HTTP\/1\.1 502 /)
  expect(await talk(stack.port, get('/silent', upgrade), () => true)).toMatch(/^HTTP\/1\.1 101 /)
  // a body that stops
  const half = 'POST /never HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345'
  expect(await talk(stack.port, half, (got) => got.includes('408'))).toMatch(/^HTTP\/1\.1 408 /)
  for (const url of ['//', '/%00', '/../../etc/passwd', '/%2e%2e/', '/\u00e9', '*', 'http://evil.example/x', '/%']) {
    expect([url, await talk(stack.port, get(url))]).toEqual([
      url,
      expect.stringMatching(/^HTTP\/1\.1 (200|400|403|404)/),
    ])
  }
  expect((await stack.ask('/fine')).body).toBe('ok')
  expect((await stack.ask('/', { headers: { accept: 'text/html' } })).body).toContain('front page')
})

test('a request that ends the app is not repeated for ever', async () => {
  const stack = await startFullStack({
    ...PAGES,
    'src/main.ts': `
      import { createServer } from 'node:http'
      createServer((request, response) => {
        console.log('asked ' + request.url)
        if (request.url === '/crash') process.exit(3)
        response.end('alive')
      }).listen(0, '127.0.0.1')
    `,
  })
  expect((await stack.ask('/api')).body).toBe('alive')
  expect((await stack.ask('/crash', { method: 'POST', body: 'x' })).status).toBeGreaterThan(500)
  expect(stack.lines.filter((line) => line === 'asked /crash')).toHaveLength(1)
  expect((await stack.ask('/crash')).status).toBeGreaterThan(500)
  expect(stack.lines.filter((line) => line === 'asked /crash').length).toBeLessThanOrEqual(3)
})

test('of requests whose process is ended under them a GET is asked once more, and a POST is not', async () => {
  const stack = await startFullStack(
    {
      ...PAGES,
      'src/main.ts': `
        import { createServer } from 'node:http'
        import { existsSync, writeFileSync } from 'node:fs'
        const began = import.meta.dirname + '/began'
        const isFirst = !existsSync(began)
        writeFileSync(began, '')
        createServer((request, response) => {
          console.log('asked to ' + request.method)
          if (!isFirst) response.end('the next process')
        }).listen(0, '127.0.0.1')
      `,
    },
    { stop: { drain: 0 }, ignore: '**/began' },
  )
  const [got, posted] = [stack.ask('/api'), stack.ask('/api', { method: 'POST', body: 'x' })]
  await Promise.all([stack.line(/^asked to GET$/), stack.line(/^asked to POST$/)])
  await stack.hub.restart()
  expect(await got).toMatchObject({ status: 200, body: 'the next process' })
  expect((await posted).status).toBe(502)
  expect(stack.lines.filter((line) => line === 'asked to POST')).toHaveLength(1)
})

test('in middleware mode the app is asked through the server that Vite was told of, and what it does not know is left to that', async () => {
  const parent = createServer()
  const project = createProject({ ...PAGES, ...LISTENING })
  const middlewareMode = { server: parent }
  const { server } = await startServer(
    project.root,
    { entry: 'src/main.ts', serve: true },
    { server: { middlewareMode }, appType: 'custom' },
  )
  parent.on('request', (request, response) => server.middlewares(request, response, () => response.end('the parent')))
  parent.listen(0, '127.0.0.1')
  await once(parent, 'listening')
  onTestFinished(() => void parent.close())
  const { port } = parent.address() as AddressInfo
  const answers = ['/api', '/client/main.ts', '/', '/missing'].map((path) => ask({ host: '127.0.0.1', port, path }))
  expect((await Promise.all(answers)).map(({ body }) => body.slice(0, 15))).toEqual([
    ...['app: GET /api', 'document.title ', 'app: GET /', 'the parent'],
  ])
  expect(await talk(port, get('/x', 'Connection: Upgrade\r\nUpgrade: x\r\n'))).toMatch(/^HTTP\/1\.1 200 /)
})
