/** The recipes of docs/recipes.md that take their work from elsewhere: what is under way at a save ends, and nothing is done twice. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { freePort, until } from '../support/child.ts'
import { cook, UNTRUE } from './recipe.ts'
import { installTether, modules } from './support.ts'

beforeAll(installTether)

const noRedis = spawnSync('redis-server', ['--version']).status !== 0
if (noRedis) console.info('BullMQ is not tried: there is no redis-server (Debian: apt-get install redis-server)')

test.skipIf(noRedis)(
  'the recipe for BullMQ: a job under way ends, and the next ones are done by the new code',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tether-redis-'))
    const port = await freePort()
    const redis = spawn('redis-server', ['--port', String(port), '--save', '', '--dir', folder], { stdio: 'ignore' })
    onTestFinished(async () => {
      redis.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    })
    const connection = { host: '127.0.0.1', port }
    const { Queue, QueueEvents } = createRequire(join(modules, 'x'))('bullmq')
    const [queue, events] = [new Queue('mail', { connection }), new QueueEvents('mail', { connection })]
    onTestFinished(async () => void (await Promise.all([queue.close(), events.close()])))
    const add = (to: string) => queue.add('mail', { to })
    const resultOf = async (job: Promise<{ waitUntilFinished(events: unknown): Promise<string> }>) =>
      await (await job).waitUntilFinished(events)

    // one job waits for a file, so that it is under way at the save
    const waits =
      "if (job.data.to === 'slow') { console.log('slow begins'); while (!existsSync('go')) await setTimeout(20) }"
    const imports = "import { existsSync } from 'node:fs'\nimport { setTimeout } from 'node:timers/promises'\n"
    const { server, edit, path } = await cook('A worker of BullMQ', (code) =>
      code
        .replace('6379', String(port))
        .replace(/^import type \{ Job.*\n/, (line) => line + imports)
        .replace('return `', `${waits}\n  $&`)
        .replace('=> worker.close()', "=> (console.log('closing'), worker.close())"),
    )
    expect(await resultOf(add('Ann'))).toBe('mail to Ann')
    const slow = add('slow')
    await server.match(/slow begins/)
    edit('src/send-mail.ts', '`mail to', '`letter to')
    await server.match(/closing/)
    const next = add('Ben')
    writeFileSync(path('go'), '')
    expect(await resultOf(slow)).toBe('mail to slow')
    expect(await resultOf(next)).toBe('letter to Ben')
    await server.match(/hot updated: src\/worker\.ts \(2 modules/)
    expect(await queue.getCompletedCount()).toBe(3)
    expect(server.text).not.toMatch(UNTRUE)
    expect(server.text).not.toMatch(/restarted/)
  },
  60_000,
)

/** Telegram, as far as a bot that asks for updates needs it. */
async function createTelegram() {
  let updates: { update_id: number; message: object }[] = []
  const sent: string[] = []
  const asked: number[] = []
  let count = 0
  const left: number[] = []
  const answers: Record<
    string,
    (params: { offset?: number; text?: string; timeout?: number }, isThere: () => boolean) => unknown
  > = {
    getMe: () => ({ id: 1, is_bot: true, first_name: 'bot', username: 'the_bot' }),
    deleteWebhook: () => true,
    sendMessage: ({ text }) => {
      sent.push(text!)
      return { message_id: 1, date: 0, chat: { id: 1, type: 'private' } }
    },
    async getUpdates({ offset = 0, timeout = 0 }, isThere) {
      asked.push(offset)
      // what is before the offset is confirmed, and never sent again
      const there = () => {
        updates = updates.filter(({ update_id }) => update_id >= offset)
        return updates
      }
      while (timeout > 0 && there().length === 0 && isThere()) await new Promise((resolve) => setTimeout(resolve, 10))
      if (!isThere()) left.push(offset)
      return there()
    },
  }
  const server = createServer(async (request, response) => {
    const method = request.url!.replace(/.*\//, '')
    const text = await json(request).catch(() => ({}))
    const result = await answers[method]?.(text as object, () => !response.destroyed && !response.closed)
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ ok: true, result }))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent,
    asked,
    /** The offsets of questions that the bot has not waited for to the end. */
    left,
    /** Somebody writes to the bot. */
    write(text: string) {
      const from = { id: 2, is_bot: false, first_name: 'Ann' }
      const entities = [{ type: 'bot_command', offset: 0, length: text.length }]
      const message = { message_id: 1, date: 0, chat: { id: 2, type: 'private' }, from, text, entities }
      updates.push({ update_id: ++count, message })
    },
  }
}

test('the recipe for grammY: one bot at a time asks for updates, and each message is answered once', async () => {
  const telegram = await createTelegram()
  const options = `$&, { client: { apiRoot: '${telegram.url}' } }`
  const { server, edit } = await cook(
    'A bot of grammY',
    (code) => code.replace("process.env.BOT_TOKEN ?? ''", options),
    {
      '.env': 'BOT_TOKEN=1:token',
    },
  )
  telegram.write('/start')
  await until(() => telegram.sent.length === 1, 'an answer')
  edit('src/greet.ts', 'Hello', 'Good day')
  await server.match(/hot updated: src\/bot\.ts \(2 modules/)
  await until(() => telegram.left.length === 1, 'the end of the question of the bot before')
  telegram.write('/start')
  await until(() => telegram.sent.length === 2, 'another answer')
  // the next question confirms it
  await until(() => telegram.asked.includes(3), 'the question after that')
  expect(telegram.sent).toEqual(['Hello, Ann', 'Good day, Ann'])
  expect(server.text).not.toMatch(UNTRUE)
  expect(server.text).not.toMatch(/restarted/)
}, 60_000)
