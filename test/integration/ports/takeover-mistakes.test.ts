import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { TetherOptions } from '../../../src/index.ts'
import { freePort, until } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { ask } from '../../support/requests.ts'
import { startServer } from '../../support/tether.ts'

async function start(files: Record<string, string>, options: TetherOptions = {}) {
  const project = createProject({ 'package.json': '{ "type": "module" }', ...files })
  const app = await startServer(project.root, { entry: 'main.ts', ...options })
  await app.line(/^listens/)
  const pid = app.hub.runners[0]?.pid
  /** Saves, and resolves with what came of it. */
  const after = (save: () => void) =>
    new Promise<string>((resolve) => {
      for (const event of ['update:applied', 'update:failed'] as const) {
        app.hub.once(event, (_, { outcome }) => resolve(outcome))
      }
      save()
    })
  const isSameProcess = () => app.hub.runners[0]?.pid === pid
  return { ...app, project, after, isSameProcess }
}

/** The answer to a client: the text, or the code of the error. */
const get = (port: number) =>
  ask({ port, host: '127.0.0.1' }).then(
    ({ body }) => body,
    (error: NodeJS.ErrnoException) => error.code,
  )
const closed = (port: number) => until(async () => (await get(port)) === 'ECONNREFUSED', `port ${port} to be closed`)

const accept = 'import.meta.hot?.accept()'
const server = (name: string, port: number, more = accept) => `
  import { createServer } from 'node:http'
  const server = createServer((_, response) => response.end('${name}'))
  server.listen(${port}, () => console.log('listens ${name}'))
  ${more}
`
/** A port that another program has. */
async function taken(): Promise<number> {
  const other = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => other.listen(0, resolve))
  onTestFinished(() => void other.close())
  return (other.address() as { port: number }).port
}

test('another port: the new one answers, and the old one is closed', async () => {
  const [port, other] = [await freePort(), await freePort()]
  const app = await start({ 'main.ts': server('old', port) })
  expect(await app.after(() => app.project.write('main.ts', server('new', other)))).toBe('updated')
  await app.line(/^listens new/)
  expect(await get(other)).toBe('new')
  await closed(port)
  expect(app.isSameProcess()).toBe(true)
})

test('no server any more: the port is closed', async () => {
  const port = await freePort()
  const app = await start({ 'main.ts': server('old', port) })
  expect(await app.after(() => app.project.write('main.ts', accept))).toBe('updated')
  await closed(port)
})

test.each([
  ['nobody listens to the error', (port: number) => server('new', port)],
  [
    'an error goes to a callback, as with Express',
    (port: number) => server('new', port, `server.on('error', () => {}); ${accept}`),
  ],
  ['a host is looked up', (port: number) => server('new', port).replace('() =>', `'0.0.0.0', () =>`)],
])('a port of another program: %s, and the old code goes on', async (_, code) => {
  const [port, other] = [await freePort(), await taken()]
  const app = await start({ 'main.ts': server('old', port) })
  expect(await app.after(() => app.project.write('main.ts', code(other)))).toBe('failed')
  expect(await get(port)).toBe('old')
  expect(await app.after(() => app.project.write('main.ts', server('newest', port)))).toBe('updated')
  expect(await get(port)).toBe('newest')
  expect(app.isSameProcess()).toBe(true)
})

test.each(['', 'import.meta.hot?.dispose(() => server.close())'])(
  'code that throws after it has listened leaves the old server, which has closed in dispose or not: %s',
  async (dispose) => {
    const [port, other] = [await freePort(), await freePort()]
    const app = await start({ 'main.ts': server('old', port, `${accept}; ${dispose}`) })
    for (const failing of [port, other]) {
      const code = server(
        'failed',
        failing,
        `${accept}; await new Promise((r) => server.once('listening', r)); throw new Error('no')`,
      )
      expect(await app.after(() => app.project.write('main.ts', code))).toBe('failed')
      expect(await get(port)).toBe('old')
    }
    await closed(other)
    expect(await app.after(() => app.project.write('main.ts', server('new', port)))).toBe('updated')
    expect(await get(port)).toBe('new')
    expect(app.isSameProcess()).toBe(true)
  },
)

test('of two servers in two modules only the one of the replaced module is replaced', async () => {
  const [port, other] = [await freePort(), await freePort()]
  const app = await start({
    'main.ts': `import './one.ts'; import './two.ts'`,
    'one.ts': server('one', port),
    'two.ts': server('two', other),
  })
  await app.line(/^listens two/)
  expect(await app.after(() => app.project.write('one.ts', server('one again', port)))).toBe('updated')
  expect([await get(port), await get(other)]).toEqual(['one again', 'two'])
  expect(await app.after(() => app.project.write('one.ts', accept))).toBe('updated')
  await closed(port)
  expect(await get(other)).toBe('two')
  // the other module's port is not for the taking
  expect(await app.after(() => app.project.write('one.ts', server('thief', other)))).toBe('failed')
  expect(await get(other)).toBe('two')
})

test.each([
  ['closes at once', '() => server.close()'],
  ['awaits it', '() => new Promise((resolve) => server.close(resolve))'],
])('a server may close itself in dispose, though it need not: %s', async (_, dispose) => {
  const port = await freePort()
  const app = await start({ 'main.ts': server('0', port, `${accept}; import.meta.hot?.dispose(${dispose})`) })
  for (let update = 1; update <= 3; update++) {
    expect(await app.after(() => app.project.edit('main.ts', `end('${update - 1}')`, `end('${update}')`))).toBe(
      'updated',
    )
    expect(await get(port)).toBe(String(update))
  }
  expect(app.isSameProcess()).toBe(true)
})

test('an app that listens twice gets EADDRINUSE at the start and after updates, as under node', async () => {
  const port = await freePort()
  const app = await start({
    'main.ts': `
      import { createServer } from 'node:http'
      createServer((_, response) => response.end('first 0')).listen(${port}, () => console.log('listens'))
      const second = createServer((_, response) => response.end('second'))
      second.on('error', ({ code }) => console.log('second', code, 0)).listen(${port})
      ${accept}`,
  })
  await app.line(/^second EADDRINUSE 0$/)
  for (let update = 1; update <= 3; update++) {
    const code = app.project
      .read('main.ts')
      .replaceAll(`${update - 1}'`, `${update}'`)
      .replace(`code, ${update - 1}`, `code, ${update}`)
    expect(await app.after(() => app.project.write('main.ts', code))).toBe('updated')
    await app.line(new RegExp(`^second EADDRINUSE ${update}$`))
    expect(await get(port)).toBe(`first ${update}`)
  }
})

test.each(['before its server, awaited', 'before its server, and nobody awaits'])(
  'a probe that asks for free ports finds those that are our own: %s',
  async (when) => {
    const port = await freePort()
    const app = await start({
      'main.ts': `
        import { createServer } from 'node:http'
        import { createServer as createProbe } from 'node:net'
        const isFree = (host) => new Promise((resolve) => {
          const probe = createProbe().on('error', () => resolve(false))
          probe.listen({ port: ${port}, host }, () => probe.close(() => resolve(true)))
        })
        const begin = async () => {
          const free = [await isFree(), await isFree('127.0.0.1'), await isFree('0.0.0.0'), await isFree('::')]
          createServer((_, response) => response.end('0')).listen(${port}, () => console.log('listens', ...free))
        }
        ${when.endsWith('awaited') ? 'await begin()' : 'begin()'}
        ${accept}`,
    })
    for (let update = 1; update <= 3; update++) {
      const before = app.lines.length
      expect(await app.after(() => app.project.edit('main.ts', `end('${update - 1}')`, `end('${update}')`))).toBe(
        'updated',
      )
      expect(await get(port)).toBe(String(update))
      const line = await until(() => app.lines.slice(before).find((each) => each.startsWith('listens')), 'the line')
      expect(line).toBe('listens true true true true')
    }
    expect(app.isSameProcess()).toBe(true)
  },
)

test('where nothing accepts and the entries are evaluated again in place, no line is needed', async () => {
  const port = await freePort()
  const app = await start({ 'main.ts': server('0', port, '') }, { onUnaccepted: 'reload' })
  for (let update = 1; update <= 3; update++) {
    expect(await app.after(() => app.project.edit('main.ts', `end('${update - 1}')`, `end('${update}')`))).toBe(
      'reloaded',
    )
    expect(await get(port)).toBe(String(update))
  }
  expect(app.isSameProcess()).toBe(true)
})

test('with ports: false, on another host and on any port it is the same', async () => {
  const port = await freePort()
  const app = await start({ 'main.ts': server('old', port).replace('() =>', `'127.0.0.1', () =>`) }, { ports: false })
  expect(
    await app.after(() => app.project.write('main.ts', server('new', port).replace('() =>', `'0.0.0.0', () =>`))),
  ).toBe('updated')
  await until(async () => (await get(port)) === 'new', 'the new server')
  expect(app.isSameProcess()).toBe(true)
})

test('a server that outlives its code stays: what is kept, and what hot.data has', async () => {
  const [port, other] = [await freePort(), await freePort()]
  const app = await start({
    'main.ts': `
      import { createServer } from 'node:http'
      import { keep } from 'vite-tether/keep'
      const reply = '0'
      keep('server', () => createServer((_, response) => response.end('kept')).listen(${port}))
      const { data } = import.meta.hot
      data.server ??= createServer((request, response) => data.answer(request, response)).listen(${other}, () => console.log('listens'))
      data.answer = (_, response) => response.end(reply)
      ${accept}`,
  })
  for (let update = 1; update <= 2; update++) {
    expect(await app.after(() => app.project.edit('main.ts', `'${update - 1}'`, `'${update}'`))).toBe('updated')
    expect([await get(port), await get(other)]).toEqual(['kept', String(update)])
  }
})
