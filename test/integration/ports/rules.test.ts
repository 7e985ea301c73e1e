import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import WebSocket from 'ws'
import { freePort, run, until } from '../../support/child.ts'
import { type Clients, startClients } from '../../support/clients.ts'
import { createProject, type Project } from '../../support/project.ts'
import { ask } from '../../support/requests.ts'
import { hasTerminal, openTerminal, type Terminal } from '../../support/terminal.ts'
import { startServer } from '../../support/tether.ts'

const cli = fileURLToPath(new URL('../../../bin/vite-tether.js', import.meta.url))

/** An app that answers with `answer`, an expression. */
const main = (port: number, answer: string) => `
  import http from 'node:http'
  const answer = String(${answer})
  http.createServer((_, response) => response.end(answer)).listen(${port}, () => console.log('listens'))`

interface Kind {
  flags?: string[]
  /** The text of the answers, as an expression: it counts the restarts. */
  answer?: string
  files?: Record<string, string>
  isTyped?: boolean
  /** Has the app replaced for the time `turn`, from 1; its answer is that number then, unless it is `undefined`. */
  restart(turn: number, project: Project, terminal: Terminal): void
}

const KINDS: Record<string, Kind> = {
  'a save': { restart: (turn, project) => project.edit('main.ts', `(${turn - 1})`, `(${turn})`) },
  'a save under a debugger': {
    flags: ['--inspect=0'],
    restart: (turn, project) => project.edit('main.ts', `(${turn - 1})`, `(${turn})`),
  },
  'a save of .env': {
    files: { '.env': 'VITE_TURN=0' },
    answer: 'import.meta.env.VITE_TURN',
    restart: (turn, project) => project.write('.env', `VITE_TURN=${turn}`),
  },
  'a save of the config': {
    files: { 'vite.config.ts': 'export default { define: { TURN: 0 } }' },
    answer: 'TURN',
    restart: (turn, project) => project.write('vite.config.ts', `export default { define: { TURN: ${turn} } }`),
  },
  'a save of an included file': {
    flags: ['--include', 'data.txt'],
    files: { 'data.txt': '0' },
    answer: "(await import('node:fs')).readFileSync('data.txt', 'utf8')",
    restart: (turn, project) => project.write('data.txt', String(turn)),
  },
  'r + enter': {
    files: { 'data.txt': '0' },
    answer: "(await import('node:fs')).readFileSync('data.txt', 'utf8')",
    isTyped: true,
    restart(turn, project, terminal) {
      project.write('data.txt', String(turn))
      terminal.type('r\n')
    },
  },
}

test.each(
  Object.entries(KINDS)
    .filter(([, { isTyped }]) => !isTyped || hasTerminal)
    .flatMap(([name, kind]) => [[], ['--no-standby']].map((flags) => [name, flags, kind] as const)),
)(
  'nobody who asks is refused or cut by %s %s',
  async (_, flags, kind) => {
    const port = await freePort()
    const project = createProject({ 'main.ts': main(port, kind.answer ?? '(0)'), ...kind.files })
    const command = [process.execPath, cli, ...flags, ...(kind.flags ?? []), 'main.ts']
    const app = kind.isTyped
      ? openTerminal(command, project.root)
      : run(command[0]!, command.slice(1), { cwd: project.root })
    onTestFinished(() => app.end())
    await app.match(/ready in/)
    const clients = (['new', 'kept'] as const).map((how) => startClients(`http://127.0.0.1:${port}`, how))
    await expectAnswer(clients, '0')
    for (const turn of [1, 2]) {
      kind.restart(turn, project, app as Terminal)
      await expectAnswer(clients, String(turn))
    }
    for (const each of clients) expect((await each.end()).failures).toEqual([])
  },
  60_000,
)

async function expectAnswer(clients: readonly Clients[], answer: string): Promise<void> {
  for (const each of clients) await each.answer(answer)
}

test('in a crash loop nobody is refused: clients wait for a process that starts at once, and are told of a wait', async () => {
  const port = await freePort()
  // a crash in the first 5 s is a start that has failed, and leads to no loop
  const project = createProject({
    'main.ts': `${main(port, "'up'")}\nsetTimeout(() => { throw new Error('breaks') }, 5200)`,
  })
  const app = await startServer(project.root, { entry: 'main.ts' })
  await app.line(/^listens$/)
  const clients = (['new', 'kept'] as const).map((how) => startClients(`http://127.0.0.1:${port}`, how))
  await until(() => app.lines.filter((line) => line === 'listens').length === 3, 'the third start', 40_000)
  const failures = (await Promise.all(clients.map((each) => each.end()))).flatMap((each) => each.failures)
  // what was under way in a process that crashes is lost with it
  const kinds = new Set(failures.map((line) => line.replace(/^failed (ECONNRESET|503).*$/, '$1')))
  expect([...kinds].filter((kind) => kind !== 'ECONNRESET' && kind !== '503')).toEqual([])
  expect(failures.filter((line) => line.startsWith('failed 503'))[0]).toMatch(
    /has exited with code 1, and starts again in \d+ ms/,
  )
}, 60_000)

test('nothing waits for a WebSocket and a stream of events: they end with their process', async () => {
  const port = await freePort()
  const code = (mark: string) => `
    import http from 'node:http'
    import { WebSocketServer } from '${import.meta.resolve('ws').replace(/^file:\/\//, '')}'
    const server = http.createServer((request, response) => {
      if (request.url !== '/events') return response.end('${mark}')
      response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' }).write('data: ${mark}\\n\\n')
    })
    new WebSocketServer({ server }).on('connection', (socket) => socket.send('${mark}'))
    server.listen(${port}, () => console.log('listens ${mark}'))`
  const project = createProject({ 'main.ts': code('0') })
  // the next process would begin after the test has failed
  const app = await startServer(project.root, { entry: 'main.ts', stop: { drain: 60_000 } })
  await app.line(/^listens 0$/)
  for (const mark of ['0', '1']) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`)
    onTestFinished(() => socket.terminate())
    await new Promise((resolve) => socket.once('message', resolve))
    const events = connect(port, '127.0.0.1').on('error', () => {})
    onTestFinished(() => void events.destroy())
    events.write('GET /events HTTP/1.1\r\nhost: x\r\n\r\n')
    await new Promise((resolve) => events.once('data', resolve))
    const ends = Promise.all([socket, events].map((each) => new Promise((resolve) => each.once('close', resolve))))
    project.write('main.ts', code(`${Number(mark) + 1}`))
    await app.line(new RegExp(`^listens ${Number(mark) + 1}$`))
    await ends
  }
})

test.each([true, false])('two entries may swap their ports, and get them back; standby: %s', async (standby) => {
  const [one, two] = [await freePort(), await freePort()]
  const entry = (name: string) => `
    import http from 'node:http'
    import { ${name} as port } from './ports.ts'
    http.createServer((_, response) => response.end('${name}')).listen(port)`
  const ports = (a: number, b: number) => `export const [a, b] = [${a}, ${b}]`
  const project = createProject({ 'ports.ts': ports(one, two), 'a.ts': entry('a'), 'b.ts': entry('b') })
  await startServer(project.root, { entry: ['a.ts', 'b.ts'], standby })
  const answers = async () =>
    (
      await Promise.all(
        [one, two].map((port) =>
          ask({ port }).then(
            ({ body }) => body,
            () => '',
          ),
        ),
      )
    ).join('')
  await until(async () => (await answers()) === 'ab', 'the first answers')
  project.write('ports.ts', ports(two, one))
  await until(async () => (await answers()) === 'ba', 'the answers after the swap')
  project.write('ports.ts', ports(one, two))
  await until(async () => (await answers()) === 'ab', 'the answers after the second swap')
})
