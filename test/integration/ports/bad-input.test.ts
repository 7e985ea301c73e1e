import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, run, until } from '../../support/child.ts'
import { startClients } from '../../support/clients.ts'
import { createProject } from '../../support/project.ts'
import { ask } from '../../support/requests.ts'
import { startServer } from '../../support/tether.ts'

/** An app whose server listens at `where`, a few lines of code. */
const http = (mark: string, where: string, first = '') => `
  import http from 'node:http'
  ${first}
  const server = http.createServer((request, response) => {
    request.resume().on('end', () => response.end('${mark}'))
  })
  server.listen(${where}, () => console.log('listens ${mark}'))`

async function start(main: string, options = {}) {
  const project = createProject({ 'main.ts': main })
  const app = await startServer(project.root, { entry: 'main.ts', ...options })
  return { ...app, save: (text: string) => project.write('main.ts', text) }
}

/** A client that says `text`, and what becomes of it. */
function open(port: number, text: string) {
  const socket: Socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const client = { socket, heard: '', isClosed: false }
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    client.heard += chunk
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    client.isClosed = true
  })
  socket.write(text)
  return client
}

test('a port of another program is taken at each start, and is left to it', async () => {
  const other = createServer((socket) => socket.end('the other')).listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const app = await start(http('0', `${port}, '127.0.0.1'`))
  await app.line(/EADDRINUSE: address already in use 127\.0\.0\.1/)
  await app.line(/waiting for a save/)
  app.save(http('1', `${await freePort()}, '127.0.0.1'`))
  await app.line(/^listens 1$/)
  app.save(http('2', `${port}, '127.0.0.1'`))
  await until(() => app.lines.filter((line) => line.includes('waiting for a save')).length === 2, 'the second failure')
  const client = open(port, '')
  await until(() => client.heard === 'the other', 'the other program')
  other.close()
  app.save(http('3', `${port}, '127.0.0.1'`))
  await app.line(/^listens 3$/)
  expect((await ask({ port })).body).toBe('3')
})

test('an address that this machine does not have is an error of node, and the next save mends it', async () => {
  const port = await freePort()
  const app = await start(http('0', `${port}, '203.0.113.7'`))
  await app.line(/EADDRNOTAVAIL: address not available 203\.0\.113\.7/)
  await app.line(/waiting for a save/)
  app.save(http('1', String(port)))
  await app.line(/^listens 1$/)
  app.save(http('2', `${port}, '203.0.113.7'`))
  await until(
    () => ask({ port }).then(({ status, body }) => status === 503 && body.includes('EADDRNOTAVAIL')),
    'the error where the app was',
  )
})

/** Whoever may not bind a port below 1024: a user of a namespace, whatever this one may do. */
const user = run('unshare', ['--user', '--map-root-user', 'cat', '/proc/sys/net/ipv4/ip_unprivileged_port_start'])
const isGuarded = await user.exited.then(
  ({ code }) => code === 0 && Number(user.text) > 81,
  () => false,
)
if (!isGuarded) console.log('skipped: no namespace of a user who may not open a port below 1024')

test.skipIf(!isGuarded)('a port below 1024 is an error of node for whoever may not open it', async () => {
  const project = createProject({ 'main.ts': http('0', "81, '127.0.0.1'") })
  const command = [process.execPath, 'bin/vite-tether.js', '--no-config', '--root', project.root, 'main.ts']
  const app = run('unshare', ['--user', '--map-root-user', ...command])
  onTestFinished(() => app.end())
  await app.match(/EACCES: permission denied 127\.0\.0\.1:81/)
  await app.match(/waiting for a save/)
  const port = await freePort()
  project.write('main.ts', http('1', String(port)))
  await app.match(/^listens 1$/m)
  expect((await ask({ port })).body).toBe('1')
})

test('an app that tries its own port a second time has the error, and its other port, in each process', async () => {
  const [port, next] = [await freePort(), await freePort()]
  const main = (mark: string) => `
    import http from 'node:http'
    const other = http.createServer((_, response) => response.end('2nd'))
    other.on('error', ({ code }) => {
      console.log(code + ' ${mark}')
      other.listen(${next})
    })
    http.createServer((_, response) => response.end('1st')).listen(${port}, () => other.listen(${port}))`
  const app = await start(main('0'))
  await app.line(/^EADDRINUSE 0$/)
  await until(() => ask({ port: next }).catch(() => undefined), 'the other port')
  const clients = [port, next].map((each) => startClients(`http://127.0.0.1:${each}`, 'new'))
  await clients[0]!.answer('1st')
  await clients[1]!.answer('2nd')
  for (const mark of ['1', '2', '3']) {
    app.save(main(mark))
    await app.line(new RegExp(`^EADDRINUSE ${mark}$`))
  }
  for (const each of clients) expect((await each.end()).failures).toEqual([])
})

test.each([true, false])(
  'one that listens and closes without an end is no trouble for the next process; standby: %s',
  async (standby) => {
    const port = await freePort()
    const loop = (mark: string) => `
    import http from 'node:http'
    const server = http.createServer()
    let turns = 0
    function turn() {
      server.listen(${port}, () => {
        if (++turns === 20) console.log('turns ${mark}')
        server.close(() => setTimeout(turn, 2))
      })
    }
    turn()`
    const app = await start(loop('0'), { standby })
    await app.line(/^turns 0$/)
    for (const mark of ['1', '2']) {
      app.save(loop(mark))
      await app.line(new RegExp(`^turns ${mark}$`))
    }
    app.save(http('3', String(port)))
    await app.line(/^listens 3$/)
    expect((await ask({ port })).body).toBe('3')
    expect(app.lines.join('\n')).not.toMatch(/EADDRINUSE|Warning/)
  },
)

/** Answers to `many` connections that come at once, by status, and the longest wait. */
async function crowd(port: number, many: number) {
  const start = performance.now()
  const answers = await Promise.all(
    Array.from({ length: many }, () =>
      ask({ port, host: '127.0.0.1' }).then(
        ({ status, body }) => `${status} ${body.split('\n')[0]}`,
        (error: NodeJS.ErrnoException) => error.code,
      ),
    ),
  )
  return { answers: [...new Set(answers)], longest: Math.round(performance.now() - start) }
}

test.each([
  ['starts', '', /^200 1$/],
  ['fails', "throw new Error('fails')", /^503 main\.ts has exited with code 1 while it started/],
])(
  'of 2,000 connections that come during a restart none is refused: the next process %s',
  async (how, fate, answer) => {
    const port = await freePort()
    const app = await start(http('0', String(port)))
    await app.line(/^listens 0$/)
    const project = (mark: string) =>
      http(
        mark,
        String(port),
        `console.log('starts'); await new Promise((resolve) => setTimeout(resolve, 300)); ${fate}`,
      )
    app.save(project('1'))
    await app.line(/^starts$/)
    const { answers, longest } = await crowd(port, 2000)
    console.log(
      `2,000 connections during a restart whose next process ${how} after 300 ms: the last answer after ${longest} ms`,
    )
    expect(answers).toEqual([expect.stringMatching(answer)])
  },
  60_000,
)

test('nothing waits for half a head, and a connection on which nothing was said is served by the next process', async () => {
  const port = await freePort()
  const app = await start(http('0', String(port)), { stop: { drain: 60_000 } })
  await app.line(/^listens 0$/)
  const half = open(port, 'POST / HTTP/1.1\r\nhost: x\r\ncontent-le')
  const silent = open(port, '')
  // the two before are the old process' by now
  expect((await ask({ port })).body).toBe('0')
  app.save(http('1', String(port)))
  await app.line(/^listens 1$/)
  await until(() => half.isClosed, 'the end of half a head')
  silent.socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await until(() => /^HTTP\/1\.1 200[\s\S]*\r\n\r\n1$/.test(silent.heard), 'the answer of the next process')
})

test('half a body has as long as any request under way, and is cut then', async () => {
  const port = await freePort()
  const app = await start(http('0', String(port)), { stop: { drain: 500 } })
  await app.line(/^listens 0$/)
  const request = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc'
  const [goesOn, stays] = [open(port, request), open(port, request)] as const
  expect((await ask({ port })).body).toBe('0')
  const decided = once(app.hub, 'restart')
  app.save(http('1', String(port)))
  await decided
  goesOn.socket.write('defghi')
  await app.line(/^listens 1$/)
  await until(() => stays.isClosed && goesOn.heard !== '', 'the end of one and the answer to the other')
  expect(goesOn.heard).toMatch(/^HTTP\/1\.1 200[\s\S]*\r\n\r\n0$/)
  expect(stays.heard).toBe('')
})

test('nothing waits for ever for a client of an app that is down: half a head, half a body, silence, no HTTP', async () => {
  const port = await freePort()
  const app = await start(http('0', String(port)))
  await app.line(/^listens 0$/)
  app.save("throw new Error('fails')")
  await app.line(/waiting for a save/)
  const clients = {
    'half a head': open(port, 'POST / HTTP/1.1\r\nhost: x\r\ncontent-le'),
    'half a body': open(port, 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc'),
    silence: open(port, ''),
    'no HTTP': open(port, '*1\r\n$4\r\nPING\r\n'),
  }
  for (const [name, client] of Object.entries(clients)) await until(() => client.isClosed, `the end of ${name}`)
  expect(clients['half a body'].heard).toMatch(/^HTTP\/1\.1 503/)
  expect(clients.silence.heard).toBe('')
})

test('nobody who connects to a server that is no HTTP is refused, and its connections end with their process', async () => {
  const port = await freePort()
  const main = (mark: string) => `
    import net from 'node:net'
    net.createServer((socket) => socket.on('error', () => {}).write('${mark}\\n'))
      .listen(${port}, '127.0.0.1', () => console.log('listens ${mark}'))`
  const app = await start(main('0'))
  await app.line(/^listens 0$/)
  const first = open(port, '')
  await until(() => first.heard === '0\n', 'its greeting')
  app.save(main('1'))
  await until(() => first.isClosed, 'its end')
  // while nobody accepts
  const second = open(port, '')
  await until(() => second.heard === '1\n', 'the greeting of the next process')
  app.save("throw new Error('fails')")
  await until(() => second.isClosed, 'its end')
})
