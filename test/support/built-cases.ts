/** An app in three forms, and what a client sees of it, wherever it runs. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { WebSocket } from 'ws'
import { until } from './child.ts'
import { type Answer, ask } from './requests.ts'

const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
const UPLOAD = 3 * 1024 * 1024

const common = `
  import { createHash } from 'node:crypto'
  import { WebSocketServer } from 'ws'
  let aborted = 0
  const { BASE_URL } = import.meta.env
  export const isAborted = () => aborted++
  export const pathOf = (url: string) => '/' + new URL(url, 'http://app').pathname.slice(BASE_URL.length)
  export const hashOf = (bytes: Uint8Array) => bytes.length + ' ' + createHash('sha256').update(bytes).digest('hex').slice(0, 8)
  const sockets = new WebSocketServer({ noServer: true })
  export const takeSocket = (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('message', (data) => client.send('echo ' + data + ' at ' + request.url))
    })
  export const plain = (path: string, { aborted: seen } = { aborted }) => ({
    '/users': 'users of the app',
    '/shadow.txt': 'shadow of the app',
    '/api/both.txt': 'both of the app',
    '/api/aborted': String(seen),
  })[path]
`

const byFetch = `
  import { hashOf, isAborted, pathOf, plain, takeSocket } from './common.ts'
  async function fetch(request: Request): Promise<Response> {
    const path = pathOf(request.url)
    if (path === '/api/hello') {
      const names = ['host', 'x-forwarded-proto', 'x-forwarded-host', 'cookie']
      const headers = names.map((name) => request.headers.get(name))
      return Response.json([request.method, new URL(request.url).search, ...headers])
    }
    if (path === '/api/echo') return new Response(request.body, { status: 201 })
    if (path === '/api/upload') return new Response(hashOf(new Uint8Array(await request.arrayBuffer())))
    if (path === '/api/moved') return new Response(null, { status: 302, headers: { location: 'hello' } })
    if (path === '/api/cookies') return new Response('', { headers: [['set-cookie', 'a=1; Path=/'], ['set-cookie', 'b=2']] })
    if (path === '/api/throws') throw new Error('thrown by the app')
    if (path === '/api/events') {
      request.signal.addEventListener('abort', isAborted)
      const body = new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode('data: 1\\n\\n')) })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    }
    const text = plain(path)
    return text === undefined ? new Response('nothing of the app', { status: 404, headers: { 'x-app': 'yes' } }) : new Response(text)
  }
  export default { fetch, upgrade: takeSocket }
`

const byHandler = `
  import { hashOf, isAborted, pathOf, plain } from './common.ts'
  export async function handle(request, response) {
    const path = pathOf(request.url)
    if (path === '/api/hello') {
      const names = ['host', 'x-forwarded-proto', 'x-forwarded-host', 'cookie']
      const headers = names.map((name) => request.headers[name] ?? null)
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify([request.method, new URL(request.url, 'http://app').search, ...headers]))
    } else if (path === '/api/echo') request.pipe(response.writeHead(201))
    else if (path === '/api/upload') {
      const chunks = []
      for await (const chunk of request) chunks.push(chunk)
      response.end(hashOf(Buffer.concat(chunks)))
    } else if (path === '/api/moved') response.writeHead(302, { location: 'hello' }).end()
    else if (path === '/api/cookies') response.setHeader('set-cookie', ['a=1; Path=/', 'b=2']).end()
    else if (path === '/api/throws') response.writeHead(500).end('Internal Server Error')
    else if (path === '/api/events') {
      response.on('close', isAborted)
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\\n\\n')
    } else {
      const text = plain(path)
      response.setHeader('content-type', 'text/plain')
      if (text === undefined) {
        response.statusCode = 404
        response.setHeader('x-app', 'yes')
      }
      response.end(text ?? 'nothing of the app')
    }
  }
`

/** Files of an app whose entry `src/main.ts` is of a kind. */
export const APPS: Record<'fetch' | 'handler' | 'listening', Record<string, string>> = {
  fetch: { 'src/common.ts': common, 'src/main.ts': byFetch },
  handler: {
    'src/common.ts': common,
    'src/handle.ts': byHandler,
    'src/main.ts':
      "export { takeSocket as upgrade } from './common.ts'\nexport { handle as default } from './handle.ts'",
  },
  listening: {
    'src/common.ts': common,
    'src/handle.ts': byHandler,
    'src/main.ts': `
      import { createServer } from 'node:http'
      import { takeSocket } from './common.ts'
      import { handle } from './handle.ts'
      const server = createServer(handle).on('upgrade', takeSocket)
      server.listen(Number(process.env.PORT ?? 0), process.env.HOST ?? '127.0.0.1')
    `,
  },
}

export const FRONT: Record<string, string> = {
  'index.html': '<!doctype html><title>front page</title><script type="module" src="/client/main.ts"></script>',
  'about.html': '<!doctype html><title>about page</title>',
  'client/main.ts':
    "import './style.css'\nimport logo from './logo.png'\ndocument.title = 'module of the page ' + logo",
  'client/style.css': 'body { color: red }',
  'client/logo.png': 'x'.repeat(5000),
  'public/logo.svg': '<svg>logo of public</svg>',
  'public/shadow.txt': 'shadow of public',
  'public/api/both.txt': 'both of public',
}

/** The answers that a client gets at `port`, by its requests. */
export async function observe(port: number, base: string): Promise<Record<string, unknown>> {
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET', body?: Buffer) =>
    ask({ host: '127.0.0.1', port, path: base + path, headers, method }, body)
  const told = ({ status, headers, body }: Answer) => [status, kindOf(headers['content-type']), partOf(body)]
  const page = await get('', HTML)
  const script = Array.from(page.body.matchAll(/<script type="module"[^>]* src="([^"]+)"/g), ([, src]) => src!).at(-1)!
  const hello = {
    host: 'shop.localhost:1234',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'shop.example',
    cookie: 'a=1',
  }
  const nothing = await get('api/nothing', { accept: 'application/json' })
  const ranged = await get('logo.svg', { range: 'bytes=0-3' })
  const { etag } = (await get('logo.svg')).headers
  return {
    page: told(page),
    'page, HEAD': told(await get('', HTML, 'HEAD')),
    'module of the page': told(await ask({ host: '127.0.0.1', port, path: script })),
    'page by its path': told(await get('about.html', HTML)),
    'page without extension': told(await get('about', HTML)),
    'script at the path of the page': told(await get('', { accept: 'application/json' })),
    'POST at the path of the page': told(await get('', HTML, 'POST')),
    'root, with and without base': await ask({ host: '127.0.0.1', port, path: '/?a=1', headers: HTML }).then(
      ({ status, headers }) => [status, headers.location],
    ),
    'what lies outside of base': told(await ask({ host: '127.0.0.1', port, path: '/outside', headers: {} })).slice(
      0,
      1,
    ),
    'base without its slash': told(
      await ask({ host: '127.0.0.1', port, path: base.slice(0, -1) || '/api/nothing' }),
    ).slice(0, 1),
    'file of public': told(await get('logo.svg')),
    'part of a file': [ranged.status, ranged.body],
    'file that the client has': (await get('logo.svg', { 'if-none-match': String(etag) })).status,
    'file and route of one name': told(await get('shadow.txt')),
    'file and route of one name, where routes says so': told(await get('api/both.txt')),
    'page and route of one name': told(await get('users', HTML)),
    'route that a script asks': told(await get('users')),
    'deep link': told(await get('deep/link?x=1', HTML)),
    'deep link that is encoded badly': told(await get('%E0%A4%A', HTML)),
    'route that nobody has': [...told(nothing), nothing.headers['x-app']],
    'favicon that nobody has': (await get('favicon.ico', HTML)).status,
    hello: (await get('api/hello?a=%20b', hello)).body,
    HEAD: told(await get('api/hello', {}, 'HEAD')),
    echo: told(await get('api/echo', {}, 'POST', Buffer.from('posted'))),
    upload: (await get('api/upload', {}, 'PUT', Buffer.alloc(UPLOAD, 'u'))).body,
    redirect: await get('api/moved').then(({ status, headers }) => [status, headers.location]),
    cookies: (await get('api/cookies')).headers['set-cookie'],
    error: (await get('api/throws', { accept: 'application/json' })).status,
    'error in the middle of all': (await get('api/hello')).status,
    events: await events(port, base, async () => (await get('api/aborted')).body),
    socket: await socket(port, base),
  }
}

/** The first event of a stream, before that ends; then the client goes, and the app hears of it. */
async function events(port: number, base: string, aborted: () => Promise<string>): Promise<unknown> {
  const before = await aborted()
  const asked = request({ host: '127.0.0.1', port, path: `${base}api/events`, agent: false }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  const [chunk] = await once(answer, 'data')
  answer.on('error', () => {})
  asked.destroy()
  await until(async () => (await aborted()) !== before, 'the app to hear that the client has gone')
  return [answer.headers['content-type'], String(chunk)]
}

async function socket(port: number, base: string): Promise<string> {
  const client = new WebSocket(`ws://127.0.0.1:${port}${base}api/socket`)
  await once(client, 'open')
  client.send('hi')
  const [message] = await once(client, 'message')
  client.close()
  await once(client, 'close')
  return String(message)
}

function kindOf(type = ''): string {
  return type.replace(/;.*/, '')
}

/** The name of whoever has answered. */
export function partOf(body: string): string {
  return /(?:front|about) page|module of the page|[a-z]+ of (?:public|the app)/.exec(body)?.[0] ?? body.slice(0, 100)
}
