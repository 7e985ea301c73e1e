import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { HeldPorts } from '../../../src/server/ports/held-ports.ts'
import { run, until } from '../../support/child.ts'
import { FakeClock } from '../../support/clock.ts'
import { ask } from '../../support/requests.ts'

const program = fileURLToPath(new URL('../../fixtures/ports/slow.mjs', import.meta.url))

/** An app whose processes listen when they are told to. */
function createApp() {
  const clock = new FakeClock()
  const ports = new HeldPorts({ name: 'app', unable: (reason) => expect.fail(reason), failed() {} }, clock)
  onTestFinished(() => ports.release())
  return {
    clock,
    next() {
      const process_ = run(process.execPath, [program], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
      onTestFinished(() => process_.end())
      ports.join(process_.child).turn()
      return {
        ...process_,
        async listen() {
          process_.child.send({ say: 'listen' })
          return Number((await process_.match(/listens (\d+)/))[1])
        },
      }
    },
  }
}

test('clients wait 30 s for a process that starts, are told then, and come to it when it listens at last', async () => {
  const app = createApp()
  const first = app.next()
  const port = await first.listen()
  expect((await ask({ port })).body).toBe(String(first.pid))
  await first.end()

  const second = app.next()
  app.clock.advance(29_999)
  const answers: number[] = []
  const early = ask({ port }).then((answer) => {
    answers.push(answer.status)
    return answer
  })
  // an answer in place of the app takes less than a ms
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(answers).toEqual([])
  app.clock.advance(1)
  expect(await early).toMatchObject({
    status: 503,
    body: expect.stringMatching(/^app starts, but has not opened its port for 30 s/),
  })
  expect((await ask({ port })).status).toBe(503)

  expect(await second.listen()).toBe(port)
  await until(() => ask({ port }).then(({ body }) => body === String(second.pid)), 'its answer')
})

test('a process that is late is not counted against the next one', async () => {
  const app = createApp()
  const first = app.next()
  const port = await first.listen()
  await first.end()
  const second = app.next()
  app.clock.advance(20_000)
  await second.end()
  const third = app.next()
  app.clock.advance(20_000)
  const waits = ask({ port })
  await third.listen()
  expect((await waits).body).toBe(String(third.pid))
})
