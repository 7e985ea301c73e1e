/** The recipes of docs/recipes.md in which something else than a browser talks to the app, or starts it. */
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { beforeAll, expect, test } from 'vitest'
import { until } from '../support/child.ts'
import { type Cooked, cook, UNTRUE } from './recipe.ts'
import { installTether } from './support.ts'

beforeAll(installTether)

/** A client of the Model Context Protocol: messages are lines of JSON, and nothing else may be on stdout. */
function clientOf({ server: { child } }: Cooked) {
  const lines: string[] = []
  createInterface(child.stdout!).on('line', (line) => lines.push(line))
  const send = (message: object) => child.stdin!.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  let id = 0
  return {
    lines,
    send,
    async ask(method: string, params: object): Promise<unknown> {
      const asked = ++id
      send({ id: asked, method, params })
      return await until(
        () => lines.map((line) => JSON.parse(line)).find((message) => message.id === asked),
        `the answer to ${method}`,
      )
    },
  }
}

test('the recipe for an MCP server: stdout is the protocol alone, and a save goes into the running session', async () => {
  const cooked = await cook('An MCP server over stdio')
  const client = clientOf(cooked)
  const protocolVersion = '2025-06-18'
  const clientInfo = { name: 'test', version: '1.0.0' }
  expect(await client.ask('initialize', { protocolVersion, capabilities: {}, clientInfo })).toMatchObject({
    result: { serverInfo: { name: 'weather' } },
  })
  client.send({ method: 'notifications/initialized' })
  const forecast = () => client.ask('tools/call', { name: 'forecast', arguments: { city: 'Oslo' } })
  expect(await forecast()).toMatchObject({ result: { content: [{ text: 'Rain in Oslo' }] } })

  cooked.edit('src/forecast.ts', 'Rain', 'Sun')
  await cooked.server.match(/hot updated: src\/server\.ts \(2 modules/)
  expect(await forecast()).toMatchObject({ result: { content: [{ text: 'Sun in Oslo' }] } })
  // also over a restart: the next process reads on where the one before has ended
  writeFileSync(cooked.path('.env'), 'CITY=Oslo')
  await cooked.server.match(/restarted: \.env changed/)
  expect(await forecast()).toMatchObject({ result: { content: [{ text: 'Sun in Oslo' }] } })

  const messages = client.lines.map((line) => JSON.parse(line))
  const changed = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' }
  // one for the update and one for the restart; a save of which the system tells twice is two updates
  const told = messages.filter(({ id }) => id === undefined)
  expect(told.length).toBeGreaterThanOrEqual(2)
  for (const message of told) expect(message).toEqual(changed)
  expect(messages.map(({ id }) => id).filter(Boolean)).toEqual([1, 2, 3, 4])
  expect(cooked.server.text).not.toMatch(UNTRUE)
  // as a client does that ends: it closes stdin, and sends a signal to what is still there
  cooked.server.child.stdin!.end()
  await cooked.server.match(/exited 0/)
  cooked.server.child.kill('SIGTERM')
  await cooked.server.exited
}, 60_000)

test('the recipe for type checking: code with an error never replaces the process, and its correction does', async () => {
  const { server, edit, shows } = await cook('Type checking beside it', undefined, {
    'tsconfig.json':
      '{ "compilerOptions": { "module": "nodenext", "types": ["node"], "skipLibCheck": true, "rewriteRelativeImportExtensions": true } }',
  })
  await shows('total 5')
  edit('src/total.ts', '=> a + b', '=> String(a + b)')
  // TypeScript takes its time on a busy machine
  await until(() => /src\/total\.ts\(1,\d+\): error TS2322/.test(server.text), 'the error', 60_000)
  await shows('total 5')
  expect(server.text).not.toMatch(/restarted/)
  edit('src/total.ts', 'String(a + b)', 'a * b')
  await until(() => /restarted: nothing accepts src\/total\.ts/.test(server.text), 'the restart', 60_000)
  await shows('total 6')
}, 180_000)

test('the recipe for OpenTelemetry: what is instrumented stays so over an update, and each span is sent once', async () => {
  const { server, edit, shows, url } = await cook('OpenTelemetry')
  await shows('10')
  await server.match(/name: 'price 10'[\s\S]*name: 'GET'/)
  edit('src/price.ts', '10', '20')
  await server.match(/hot updated: src\/server\.ts \(2 modules/)
  expect(await (await fetch(url)).text()).toBe('20')
  await server.match(/name: 'price 20'[\s\S]*name: 'GET'/)
  // a span of the app is within one of the server
  const spans = (name: RegExp) => server.text.match(name)?.length
  expect(spans(/name: 'price 10'/g)).toBe(1)
  expect(spans(/name: 'price 20'/g)).toBe(1)
  expect(spans(/name: 'GET'/g)).toBe(2)
  expect(server.text).not.toMatch(UNTRUE)
  expect(server.text).not.toMatch(/restarted/)
}, 60_000)
