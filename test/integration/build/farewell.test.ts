/** Nobody who talks with a built server is cut off by its end without a word. */
import { once } from 'node:events'
import { Agent } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { askAt, build, createFullStack, startAt } from '../../support/built-app.ts'
import { until } from '../../support/child.ts'
import { ask } from '../../support/requests.ts'

const common = `
  import { WebSocketServer } from 'ws'
  const sockets = new WebSocketServer({ noServer: true })
  const waiting = new Set()
  export const upgrade = (request, socket, head) => {
    if (request.url === '/refused') return socket.end('HTTP/1.1 403 Forbidden\\\\r\\\\n\\\\r\\\\n')
    if (request.url === '/undecided') return waiting.add(socket)
    sockets.handleUpgrade(request, socket, head, (client) => client.on('close', (code) => console.log('client closed', code)))
  }
  export async function answer(path) {
    if (path === '/waiting') return String(waiting.size)
    if (path === '/slow') await new Promise((done) => waiting.add(process.once('SIGUSR2', done)))
    return 'answered'
  }
`
const KINDS = {
  fetch: `
    import { answer, upgrade } from './common.ts'
    export default { fetch: async ({ url }) => new Response(await answer(new URL(url).pathname)), upgrade }
  `,
  listening: `
    import { createServer } from 'node:http'
    import { answer, upgrade } from './common.ts'
    createServer(async (request, response) => response.end(await answer(request.url)))
      .on('upgrade', upgrade).listen(process.env.PORT, '127.0.0.1')
  `,
}

test.each(Object.entries(KINDS))(
  'WebSockets, kept connections and a signal that comes twice: %s',
  async (_, main) => {
    const project = createFullStack(
      { 'src/main.ts': main, 'src/common.ts': common },
      "{ build: true, entry: 'src/main.ts' }",
    )
    await build(project)
    const { port, app } = await startAt('production', project, '/waiting')

    const client = new WebSocket(`ws://127.0.0.1:${port}/open`)
    const undecided = new WebSocket(`ws://127.0.0.1:${port}/undecided`)
    const refused = once(undecided, 'error')
    await once(client, 'open')
    const closed = once(client, 'close')

    const agents = Array.from({ length: 8 }, () => new Agent({ keepAlive: true, maxSockets: 1 }))
    onTestFinished(() => {
      for (const agent of agents) agent.destroy()
    })
    const askAll = () =>
      Promise.all(agents.map((agent) => ask({ host: '127.0.0.1', port, path: '/', method: 'POST', agent })))
    await askAll()

    const slow = askAt(port, '/slow')
    await until(async () => (await askAt(port, '/waiting')).body === '2', 'the app to have both')
    // what clients have sent when the signal comes
    process.kill(app.pid, 'SIGSTOP')
    const asked = askAll()
    await until(
      async () => agents.every(({ sockets }) => Object.values(sockets)[0]?.[0]?.writableLength === 0),
      'the requests to be sent',
    )
    // as of a terminal and npm
    process.kill(app.pid, 'SIGTERM')
    process.kill(app.pid, 'SIGINT')
    process.kill(app.pid, 'SIGCONT')

    const answers = await asked
    expect(answers.map(({ status }) => status)).toEqual(agents.map(() => 200))
    expect((await closed)[0]).toBe(1001)
    await app.match(/client closed 1001/)
    process.kill(app.pid, 'SIGUSR2')
    expect((await slow).body).toBe('answered')
    expect(await app.exited).toEqual({ code: 0, signal: null })
    expect(String(await refused)).toMatch(/socket hang up|ECONNRESET/)
  },
  60_000,
)
