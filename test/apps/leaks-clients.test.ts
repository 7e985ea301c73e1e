/** Updates keep nothing of the code they replace either where each version has had clients, in whatever way these have ended. */
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { freePort } from '../support/child.ts'
import { ask } from '../support/keep.ts'

const UPDATES = 30
/** MiB that the heap may have grown by then; each version of the app holds one. */
const LIMIT = 5
/** Milliseconds for so many saves, one after the other. */
const PATIENCE = 60_000

const app = (version: number) => `
  const weight = new Array(128 * 1024).fill(${version} + 0.5)
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
  import.meta.hot!.on('measure', () => {
    globalThis.gc!()
    console.log('heap ' + process.memoryUsage().heapUsed / 2 ** 20)
  })
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
    const { project, hub, line, lines, server } = await startApp(
      {
        'package.json': '{ "type": "module" }',
        'src/main.ts': MAIN(port),
        'src/app.ts': app(0),
        'src/beside.ts': `import { createServer } from 'node:http'; createServer().listen(0, '127.0.0.1')`,
      },
      { standby: false, execArgv: ['--expose-gc'] },
    )
    await line(/^open/)
    const update = async (version: number) => {
      const applied = once(hub, 'update:applied')
      project.write('src/app.ts', app(version))
      const [, report] = await applied
      expect(report).toMatchObject({ outcome: 'updated' })
      await client(port)
    }
    const heap = async () => {
      const before = lines.length
      server.environments.ssr.hot.send('measure')
      await expect.poll(() => lines.slice(before).some((each) => each.startsWith('heap '))).toBe(true)
      return Number(lines.findLast((each) => each.startsWith('heap '))!.slice('heap '.length))
    }
    for (let version = 1; version <= 5; version++) await update(version)
    await heap()
    const before = await heap()
    for (let version = 6; version <= 5 + UPDATES; version++) await update(version)
    await heap()
    expect((await heap()) - before).toBeLessThan(LIMIT)
    expect(await ask(port)).toBe(`200 v${5 + UPDATES}`)
  },
)
