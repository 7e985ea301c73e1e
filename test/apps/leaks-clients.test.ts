/** Updates keep nothing of the code they replace either where each version has had clients, in whatever way these have ended. */
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { freePort } from '../support/child.ts'
import { HEAP_LIMIT, startWeighed, weight } from '../support/heap.ts'
import { ask } from '../support/keep.ts'

const UPDATES = 30
/** Milliseconds for so many saves, one after the other. */
const PATIENCE = 60_000

const APP = (version: number) => `
  ${weight(version)}
  export const app = (request: any, response: any) => {
    if (request.url !== '/waits') response.end('v' + Math.floor(weight[0]!))
    else response.write('begun')
  }
  export const upgrade = (_: unknown, socket: any) => socket.end('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: x\\r\\n\\r\\n' + weight[0])
`

const MAIN = (port: number) => `
  import { createServer } from 'node:http'
  import { app, upgrade } from './app.ts'
  import './beside.ts'
  createServer(app).on('upgrade', upgrade).listen(${port}, () => console.log('open'))
  import.meta.hot!.accept()
`

type Client = (port: number) => Promise<unknown>

/** A request that its client breaks off when the answer has begun. */
const aborted: Client = async (port) => {
  const asked = request({ port, host: '127.0.0.1', path: '/waits', agent: false }).end()
  const [answer] = await once(asked, 'response')
  await once(answer, 'data')
  asked.destroy()
  await once(asked, 'close')
}

const upgraded: Client = async (port) => {
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
  socket.resume()
  await once(socket, 'end')
}

const idle: Client = async (port) => {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.destroy()
  await once(socket, 'close')
}

const CLIENTS: Record<string, Client> = {
  'a connection for one request': (port) => ask(port),
  'a request that is broken off': aborted,
  'an upgrade': upgraded,
  'a connection on which nothing is asked': idle,
}

test.each(Object.entries(CLIENTS))(
  '%s: the heap does not grow over updates, beside a server that stays',
  { timeout: PATIENCE },
  async (_, client) => {
    const port = await freePort()
    const { growth } = await startWeighed(
      {
        'src/main.ts': MAIN(port),
        'src/beside.ts': `import { createServer } from 'node:http'; createServer().listen(0, '127.0.0.1')`,
      },
      APP,
    )
    expect(await growth({ first: 5, updates: UPDATES }, () => client(port))).toBeLessThan(HEAP_LIMIT)
    expect(await ask(port)).toBe(`200 v${5 + UPDATES}`)
  },
)
