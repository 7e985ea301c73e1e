import { once } from 'node:events'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, isAlive, run, until } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { type Answer, ask } from '../../support/requests.ts'
import { startServer } from '../../support/tether.ts'

/** An app that answers, and crashes when it is asked to. */
const main = (port: number, mark = 'works', first = '') => `${first}
  import http from 'node:http'
  http.createServer((request, response) => {
    if (request.url === '/crash') throw new Error('it <b>breaks</b>')
    response.end('${mark}')
  }).listen(${port}, () => console.log('listens'))
`

async function startApp(first = '') {
  const port = await freePort()
  const project = createProject({ 'main.ts': main(port, 'works', first) })
  const app = await startServer(project.root, { entry: 'main.ts' })
  return { project, port, ...app }
}

/** One that has crashed, and waits for a save. */
async function crashed() {
  const app = await startApp()
  await app.line(/^listens$/)
  ask({ port: app.port, path: '/crash' }).catch(() => {})
  await app.line(/waiting for a save|starting again/)
  return { ...app, outage: () => down(app.port) }
}

/** The first answer in place of the app. */
const down = (port: number, options: object = {}): Promise<Answer> =>
  until(
    () => ask({ port, ...options }).then((answer) => answer.status === 503 && answer),
    'an answer in place of the app',
  )

const isRefused = (port: number) =>
  ask({ port }).then(
    () => false,
    ({ code }) => code === 'ECONNREFUSED',
  )

test('an app that has crashed is answered for at once, with its error, and comes back with the next save', async () => {
  const app = await crashed()
  const { headers, body } = await down(app.port)
  expect(headers).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store', 'content-type': /text\/plain/ })
  expect(body).toMatch(/^main\.ts has exited with code 1, and waits for a save\.\n\n/)
  expect(body).toContain('Error: it <b>breaks</b>')
  expect(body).toMatch(/main\.ts:\d+/)
  app.project.edit('main.ts', "'works'", "'works again'")
  await until(() => ask({ port: app.port }).then(({ body: text }) => text === 'works again'), 'the app to be back')
})

test('a browser gets a page that asks again, in which nothing of the error is markup', async () => {
  const { port } = await crashed()
  const { headers, body } = await down(port, { headers: { accept: 'text/html,*/*' } })
  expect(headers['content-type']).toMatch(/text\/html/)
  expect(body).toContain('it &#60;b&#62;breaks')
  expect(body).toContain('fetch(location.href')
})

test.each([
  ['another host', { host: 'evil.example' }],
  ['a page of another origin', { origin: 'https://evil.example' }],
  ['a proxy', { 'x-forwarded-for': '203.0.113.7' }],
])('the error is for this machine alone, and not for %s', async (_, headers) => {
  const { port } = await crashed()
  const answer = await down(port, { headers })
  expect(answer.body).toMatch(/^main\.ts has exited/)
  expect(answer.body).not.toContain('breaks')
})

test('a front end of another origin sees that the app is down, and not an error of its own rules', async () => {
  const { port } = await crashed()
  const origin = 'http://localhost:5173'
  const answer = await down(port, { headers: { origin } })
  expect(answer.headers).toMatchObject({
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
  })
  expect(answer.body).toContain('breaks')
  const asked = { 'access-control-request-method': 'PUT', 'access-control-request-headers': 'x-a' }
  expect(await ask({ port, method: 'OPTIONS', headers: { origin, ...asked } })).toMatchObject({
    status: 204,
    headers: { 'access-control-allow-methods': 'PUT', 'access-control-allow-headers': 'x-a' },
  })
})

test('a request with a body gets its answer, and what is no HTTP is closed', async () => {
  const { port } = await crashed()
  await down(port)
  expect((await ask({ port, method: 'POST' }, Buffer.alloc(500_000))).status).toBe(503)
  const client = connect(port, '127.0.0.1')
  client.on('error', () => {})
  client.write('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03')
  await once(client, 'close')
})

test('code that fails as it starts is answered for, again and again, until it starts', async () => {
  const app = await startApp()
  await app.line(/^listens$/)
  for (const error of ['first', 'second', 'third']) {
    app.project.write('main.ts', main(app.port, 'works', `if (true) throw new Error('${error}')`))
    await until(
      () => ask({ port: app.port }).then(({ body }) => body.includes(`Error: ${error}`)),
      `the ${error} error`,
    )
  }
  app.project.write('main.ts', main(app.port, 'mended'))
  await until(() => ask({ port: app.port }).then(({ body }) => body === 'mended'), 'the app to be back')
})

test('connections that were kept over a restart get the answer too if the start fails', async () => {
  const app = await startApp()
  await app.line(/^listens$/)
  const client = connect(app.port, '127.0.0.1')
  onTestFinished(() => void client.destroy())
  let text = ''
  client.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  client.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await until(() => text.includes('works'), 'the first answer')
  app.project.write('main.ts', "throw new Error('fails')")
  await app.line(/waiting for a save/)
  client.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await until(
    () => text.includes('503 Service Unavailable') && text.includes('Error: fails'),
    'the answer in its place',
  )
})

test('an app that has ended by itself is answered for', async () => {
  const app = await startApp('setTimeout(() => process.exit(0), 300)')
  await app.line(/waiting for a save/)
  expect((await down(app.port)).body).toMatch(/^main\.ts has exited with code 0, and waits for a save\.\n$/)
})

test.skipIf(process.platform === 'win32')('a port ends with the command, also when that is killed', async () => {
  const port = await freePort()
  const project = createProject({ 'main.ts': main(port) })
  const app = run(process.execPath, ['bin/vite-tether.js', '--no-config', '--root', project.root, 'main.ts'])
  onTestFinished(() => app.end())
  const pid = Number((await app.match(/ready in .*, pid (\d+)/))[1])
  expect((await ask({ port })).body).toBe('works')
  process.kill(app.pid, 'SIGKILL')
  await until(() => !isAlive(pid), 'the app to end')
  await until(() => isRefused(port), 'the port to be free')
})

test('an app that runs once has no port any more when it has ended', async () => {
  const port = await freePort()
  const project = createProject({ 'main.ts': main(port, 'works', 'setTimeout(() => process.exit(3), 500)') })
  const app = run(process.execPath, ['bin/vite-tether.js', '--no-config', '--once', '--root', project.root, 'main.ts'])
  onTestFinished(() => app.end())
  expect((await app.exited).code).toBe(3)
  await expect(ask({ port })).rejects.toThrow('ECONNREFUSED')
})

test('connections that were kept while there was no process are closed when there is one, and answer nobody for the last one', async () => {
  const app = await startApp()
  await app.line(/^listens$/)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const asked = { port: app.port, agent }
  expect((await ask(asked)).body).toBe('works')
  app.project.write('main.ts', main(app.port, 'works', `if (true) throw new Error('breaks')`))
  await down(app.port)
  app.project.write('main.ts', main(app.port, 'mended'))
  await until(() => ask({ port: app.port }).then(({ body }) => body === 'mended'), 'the app to be back')
  expect(await ask(asked)).toMatchObject({ status: 200, body: 'mended' })
})
