/** The recipes of docs/recipes.md whose clients stay connected for long: what a save does to them, and to what they have left behind. */
import { once } from 'node:events'
import { io } from 'socket.io-client'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { until } from '../support/child.ts'
import { cook, UNTRUE } from './recipe.ts'
import { installTether } from './support.ts'

beforeAll(installTether)

test('the recipe for Socket.IO: clients come again by themselves, and what was not saved is there', async () => {
  const { server, url, edit } = await cook('Socket.IO')
  const socket = io(url, { transports: ['websocket'], reconnectionDelay: 50, reconnectionDelayMax: 50 })
  onTestFinished(() => void socket.close())
  const say = (text: string): Promise<string> => socket.timeout(20_000).emitWithAck('say', text)
  expect(await say('one')).toBe('one, message 1')

  const gone = new Promise((resolve) => socket.once('disconnect', resolve))
  edit('src/chat.ts', ', message', ', again message')
  expect(await gone).toMatch(/^transport (close|error)$/)
  await server.match(/hot updated: src\/server\.ts \(2 modules/)
  expect(await say('two')).toBe('two, again message 2')
  expect(server.text).not.toMatch(UNTRUE)
  expect(server.text).not.toMatch(/restarted/)
}, 60_000)

interface Client {
  readonly socket: WebSocket
  readonly heard: string[]
}

/** Connects as soon as the port is there, and writes down what is said. */
async function connect(url: string): Promise<Client> {
  return await until(async () => {
    const socket = new WebSocket(url.replace('http', 'ws'))
    onTestFinished(() => socket.terminate())
    const heard: string[] = []
    socket.on('message', (data) => heard.push(String(data)))
    return await Promise.race([
      once(socket, 'open').then(() => ({ socket, heard })),
      new Promise<false>((resolve) => socket.once('error', () => resolve(false))),
    ])
  }, 'a connection')
}

const hears = ({ heard }: Client, pattern: RegExp): Promise<string> =>
  until(() => heard.find((text) => pattern.test(text)), `a message like ${pattern}`)

test('the recipe for ws: a save closes connections with 1012, and what was not saved goes on', async () => {
  const { server, url, edit } = await cook('WebSockets with ws')
  const first = await connect(url)
  first.socket.send('hi')
  await hears(first, /^you said hi, visit 1$/)

  const closed = once(first.socket, 'close')
  edit('src/answer.ts', 'you said', 'so you said')
  expect((await closed)[0]).toBe(1012)
  await server.match(/hot updated: src\/server\.ts \(2 modules/)
  const second = await connect(url)
  second.socket.send('hi')
  await hears(second, /^so you said hi, visit 2$/)
  expect(server.text).not.toMatch(UNTRUE)
  expect(server.text).not.toMatch(/restarted/)
}, 60_000)

test('the recipe for a game loop: players stay connected while the rules change, and there is one loop', async () => {
  const { server, url, edit } = await cook('A game loop whose players stay connected')
  const player = await connect(url)
  await hears(player, /^x = \d+$/)
  edit('src/rules.ts', '+= 1', '+= 1000')
  await server.match(/hot updated: src\/loop\.ts \(2 modules/)
  const places = await until(() => {
    const places = player.heard.map((text) => Number(text.slice(4)))
    return places.at(-1)! > 8000 && places
  }, 'steps of the new rules')
  // no step is left out: those by the old rules, then those by the new ones
  const steps = places.slice(1).map((x, index) => x - places[index]!)
  expect([...new Set(steps)].filter((step) => step !== 1)).toEqual([1000])
  expect(steps.slice(steps.indexOf(1000))).not.toContain(1)
  expect(player.socket.readyState).toBe(WebSocket.OPEN)
  expect(server.text).not.toMatch(/restarted/)

  const closed = once(player.socket, 'close')
  edit('src/world.ts', 'x: 0', 'x: -1_000_000')
  await closed
  await server.match(/restarted: nothing accepts src\/world\.ts/)
  await hears(await connect(url), /^x = -/)
  expect(server.text).not.toMatch(UNTRUE)
}, 60_000)
