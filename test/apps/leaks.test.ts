/** Updates keep nothing of the code they replace: each way to accept one that docs/accepting-updates.md shows. */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { freePort } from '../support/child.ts'
import { HEAP_LIMIT, startWeighed, weight } from '../support/heap.ts'
import { ask } from '../support/keep.ts'

const UPDATES = 200
/** Milliseconds for so many saves, one after the other. */
const PATIENCE = 180_000

const APP = (version: number) => `
  ${weight(version)}
  export const app = (request: unknown, response: { end(text: string): void }) => response.end('v' + Math.floor(weight[0]!))
`

type Recipe = (port: number) => string

const close = `import.meta.hot!.dispose(() => new Promise<void>((resolve) => { server.close(() => resolve()) }))`
const accept = `import.meta.hot!.accept()`

const RECIPES: Record<string, Recipe> = {
  'a plain listen': (port) => `
    import { createServer } from 'node:http'
    createServer(app).on('upgrade', (_, socket) => { app; socket.destroy() }).listen(${port}, () => console.log('open'))
    ${accept}`,
  'a plain listen that nobody awaits': (port) => `
    import { createServer } from 'node:http'
    setTimeout(() => createServer(app).listen(${port}, () => console.log('open')), 1)
    ${accept}`,
  'listen() with a handler': (port) => `
    import { listen } from 'vite-tether/keep'
    listen(app, { port: ${port}, host: '127.0.0.1' }, () => console.log('open'))
    ${accept}`,
  'listen() with a server': (port) => `
    import { createServer } from 'node:http'
    import { listen } from 'vite-tether/keep'
    const server = listen(createServer(app), ${port})
    server.on('listening', () => console.log('open')).on('upgrade', (_, socket) => { app; socket.destroy() })
    ${accept}`,
  'listen() with a server that is closed': (port) => `
    import { createServer } from 'node:http'
    import { listen } from 'vite-tether/keep'
    const server = listen(createServer(app), ${port}, () => console.log('open'))
    ${accept}
    ${close}`,
  'https around the handler': (port) => `
    import { readFileSync } from 'node:fs'
    import { createServer } from 'node:https'
    let current = app
    const tls = { key: readFileSync(new URL('../dev.key', import.meta.url)), cert: readFileSync(new URL('../dev.crt', import.meta.url)) }
    const server = createServer(tls, (request, response) => current(request, response)).listen(${port}, () => console.log('open'))
    import.meta.hot!.accept('./app.ts', (next) => { if (next) current = next.app })
    ${close}`,
  'http2, closed and opened again': (port) => `
    import { createServer } from 'node:http2'
    const server = createServer(app as never).listen(${port}, () => console.log('open'))
    ${accept}
    ${close}`,
  'net, closed and opened again': (port) => `
    import { createServer } from 'node:net'
    const server = createServer((socket) => app(undefined, socket as never)).listen(${port}, () => console.log('open'))
    ${accept}
    ${close}`,
  'kept values, timers, listeners': () => `
    import { EventEmitter } from 'node:events'
    import { keep } from 'vite-tether/keep'
    const pool = keep('pool', () => new EventEmitter(), (pool) => { pool.removeAllListeners() })
    const use = () => app
    const timer = setInterval(use, 1000)
    pool.on('use', use)
    import.meta.hot!.data.runs = (import.meta.hot!.data.runs ?? 0) + 1
    ${accept}
    import.meta.hot!.dispose(() => { clearInterval(timer); pool.off('use', use) })
    setTimeout(() => console.log('open'), 10)`,
}

test.each(Object.entries(RECIPES))(
  '%s: the heap does not grow over updates',
  { timeout: PATIENCE },
  async (name, recipe) => {
    const port = await freePort()
    const { hub, growth } = await startWeighed(
      {
        'src/main.ts': `
        import { app } from './app.ts'
        ${recipe(port)}
      `,
        ...(name.startsWith('https') && certificate()),
      },
      APP,
    )
    const { pid } = hub.runners[0]!
    expect(await growth({ first: 10, updates: UPDATES })).toBeLessThan(HEAP_LIMIT)
    expect(hub.runners[0]!.pid).toBe(pid)
    if (name.startsWith('listen')) expect(await ask(port)).toBe(`200 v${10 + UPDATES}`)
  },
)

function certificate(): Record<string, string> {
  const pem = execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      '/CN=localhost',
      '-keyout',
      '-',
      '-out',
      '-',
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const part = (kind: string) => new RegExp(`-----BEGIN ${kind}-----[^]*?-----END ${kind}-----`).exec(pem)![0]
  return { 'dev.key': part('PRIVATE KEY'), 'dev.crt': part('CERTIFICATE') }
}
