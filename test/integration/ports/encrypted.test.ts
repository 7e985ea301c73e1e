import { connect } from 'node:http2'
import { request } from 'node:https'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../support/child.ts'
import { startClients } from '../../support/clients.ts'
import { createCertificate } from '../../support/network.ts'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

type Kind = keyof typeof CREATE

const CREATE = {
  https: `(await import('node:https')).createServer({ key, cert }, answer)`,
  'HTTP/2': `(await import('node:http2')).createSecureServer({ key, cert }, answer)`,
  'HTTP/2 beside HTTP/1': `(await import('node:http2')).createSecureServer({ key, cert, allowHTTP1: true }, answer)`,
  'HTTP/2 without encryption': `(await import('node:http2')).createServer(answer)`,
}

/** `busy`: milliseconds for which each answer stops the process' event loop. */
async function start(kind: Kind, options: object, busy = 0) {
  const port = await freePort()
  const project = createProject({})
  const { key, cert } = createCertificate('127.0.0.1')
  const main = (mark: string) => `
    const key = ${JSON.stringify(String(key))}, cert = ${JSON.stringify(String(cert))}
    const answer = (request, response) => {
      for (const end = performance.now() + ${busy}; performance.now() < end; );
      if (request.url === '/events') {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write('data: ${mark}\\n\\n')
      } else response.end('${mark}')
    }
    const server = ${CREATE[kind]}
    server.listen(${port}, () => console.log('listens ${mark}'))`
  project.write('main.ts', main('0'))
  const app = await startServer(project.root, { entry: 'main.ts', ...options })
  await app.line(/^listens 0$/)
  return { port, save: (mark: string) => project.write('main.ts', main(mark)), ...app }
}

const loads = [
  ['https', 'https:', 'new'],
  ['https', 'https:', 'kept'],
  ['HTTP/2', 'https:', 'session'],
  ['HTTP/2 beside HTTP/1', 'https:', 'session'],
  ['HTTP/2 beside HTTP/1', 'https:', 'kept'],
  ['HTTP/2 without encryption', 'http:', 'session'],
] as const

test.each(loads.flatMap((each) => [true, false].map((standby) => [...each, standby] as const)))(
  'clients at work are told that their connection ends, so that none fails over restarts, of kept ones next to none: %s (%s, %s, standby: %s)',
  async (kind, protocol, connections, standby) => {
    const app = await start(kind, { standby, stop: { drain: 20_000 } })
    const clients = startClients(`${protocol}//127.0.0.1:${app.port}`, connections)
    await clients.answer('0')
    for (const mark of ['1', '2']) {
      app.save(mark)
      await clients.answer(mark)
    }
    const { asked, failures } = await clients.end()
    expect(asked).toBeGreaterThan(20)
    // a client that a busy machine keeps from asking counts as idle, its connection is closed, then it asks
    if (connections === 'kept') expect(failures.length).toBeLessThanOrEqual(Math.ceil(asked / 200))
    else expect(failures).toEqual([])
  },
)

test.each(loads.filter(([, , connections]) => connections !== 'new'))(
  'nor does one that waits for a process which is too busy to read it: %s (%s, %s)',
  async (kind, protocol, connections) => {
    const app = await start(kind, { stop: { drain: 10_000 } }, 100)
    const clients = startClients(`${protocol}//127.0.0.1:${app.port}`, connections)
    await clients.answer('0')
    for (const mark of ['1', '2', '3']) {
      app.save(mark)
      await clients.answer(mark)
    }
    expect((await clients.end()).failures).toEqual([])
  },
)

test.each(['https', 'HTTP/2'] as const)('nothing waits for a stream of events over %s', async (kind) => {
  // the next process would begin after the test has failed
  const app = await start(kind, { stop: { drain: 60_000 } })
  await openEvents(kind, app.port)
  app.save('1')
  await app.line(/^listens 1$/)
})

/** Resolves when the first event is there; the stream stays open. */
function openEvents(kind: 'https' | 'HTTP/2', port: number): Promise<void> {
  return new Promise((resolve) => {
    if (kind === 'https') {
      const asked = request({ port, path: '/events', agent: false, rejectUnauthorized: false }, (response) => {
        response.on('error', () => {}).once('data', () => resolve())
      })
      asked.on('error', () => {}).end()
      onTestFinished(() => void asked.destroy())
    } else {
      const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
      session.on('error', () => {})
      onTestFinished(() => session.destroy())
      const stream = session.request({ ':path': '/events' })
      stream.on('error', () => {}).once('data', () => resolve())
    }
  })
}
