/** Many runners: those that have died without a word take nobody's place, and those that leave are gone. */
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { openSession } from '../../../src/client/link/open-session.ts'
import { deriveKeys, proveHello, randomId } from '../../../src/shared/session/auth.ts'
import { run, until } from '../../support/child.ts'
import { measured } from '../../support/measure.ts'
import { createProject } from '../../support/project.ts'
import { runnerFunctions, startServer as startSessions } from '../../support/session.ts'
import { startServer } from '../../support/tether.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

/** Real processes of a rollout. The fault suite has more. */
const WORKERS = process.env.TETHER_FAULTS === 'all' ? 200 : 10
const AT_ONCE = 10

/** A runner that is welcomed and then gone, as one whose machine is: nothing is said, the connection is cut. */
async function dieAfterWelcome({ url, secret }: { url: string; secret: string }): Promise<void> {
  const keys = deriveKeys(secret)
  const socket = new WebSocket(url, 'tether.v1', { headers: { authorization: `Bearer ${keys.gate}` } })
  const [challenge] = await once(socket, 'message')
  const { boot, nonce: challenged } = JSON.parse(String(challenge)) as { boot: string; nonce: string }
  const [nonce, next] = [randomId(), randomId()]
  const proof = proveHello(keys, { boot, challenge: challenged, hello: nonce }, { gen: 1, recv: 0, next })
  const hello = { t: 'hello', v: 1, nonce, gen: 1, recv: 0, next, max: 1e6, kind: 'attached', pid: 1, proof }
  socket.send(JSON.stringify(hello))
  const [welcome] = await once(socket, 'message')
  expect(JSON.parse(String(welcome))).toMatchObject({ t: 'welcome' })
  socket.terminate()
}

test('1,000 runners that have died without a word refuse none of 50 that come after them', async (context) => {
  const server = await startSessions()
  onTestFinished(() => server.close())
  for (let begun = 0; begun < 1000; begun += 50)
    await Promise.all(Array.from({ length: 50 }, () => dieAfterWelcome(server)))
  const { url, secret } = server
  const started = performance.now()
  const outcomes = await Promise.allSettled(
    Array.from({ length: 50 }, () => openSession({ url, secret, kind: 'attached', functions: runnerFunctions() })),
  )
  const figure = `50 of 50 in after ${Math.round(performance.now() - started)} ms`
  measured(context, { figure })
  console.info(figure)
  const sessions = outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
  onTestFinished(() => void Promise.all(sessions.map((session) => session.close())))
  expect(sessions.map(({ state }) => state)).toEqual(Array(50).fill('connected'))
  expect(server.sessions.list().filter(({ state }) => state === 'connected')).toHaveLength(50)
}, 60_000)

test.skipIf(process.platform === 'win32')(
  'a rollout of workers by SIGTERM leaves nobody on the list, each process gone by its signal',
  async (context) => {
    const project = createProject({ 'src/main.ts': "console.log('main')\nsetInterval(() => {}, 1000)" })
    const { hub } = await startServer(project.root, { attach: true })
    const { url, tokenFile } = hub.attach!
    const started = performance.now()
    for (let done = 0; done < WORKERS; done += AT_ONCE) {
      const workers = Array.from({ length: AT_ONCE }, () => {
        const args = [cli, 'attach', '--wait', '60', '--token-file', tokenFile!, url, 'src/main.ts']
        const worker = run(process.execPath, args, { cwd: createProject({}).root, env: { PATH: process.env.PATH } })
        onTestFinished(() => worker.end())
        return worker
      })
      // those of the batch before have to be gone when these are there
      for (const worker of workers) await worker.match(/^main$/m)
      expect(hub.runners).toHaveLength(AT_ONCE)
      for (const { pid } of workers) process.kill(pid, 'SIGTERM')
      for (const { exited } of workers) expect(await exited).toEqual({ code: null, signal: 'SIGTERM' })
      await until(() => hub.runners.length === 0, 'the list to be empty')
    }
    measured(context, { figure: `0 of ${WORKERS} left after ${Math.round((performance.now() - started) / 1000)} s` })
  },
  600_000,
)
