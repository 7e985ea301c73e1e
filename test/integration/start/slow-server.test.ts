/** Vite is still making its server when the app runs: environments begin one beside the other, and one that optimises packages takes its time. */
import { expect, test } from 'vitest'
import { begin, createApp } from '../../support/kept-start.ts'

/** Holds up Vite's `createServer()` until the hub has told of `event`. */
const heldUp = (event: string) => `
export default { plugins: [{ name: 'slow', configureServer({ environments: { client, ssr } }) {
  const hub = globalThis[Symbol.for('vite-tether')].get(ssr)
  const told = new Promise((resolve) => hub.on('${event}', resolve))
  const { listen } = client
  client.listen = async (server) => {
    await listen.call(client, server)
    await told
  }
} }] }`

test.each([0, 3])('a script that ends with code %i by then ends the command', async (code) => {
  const project = createApp({ 'src/main.ts': `process.exitCode = ${code}`, 'vite.config.ts': heldUp('exit') })
  const running = begin(project, ['--once'])
  expect(await running.exited, running.text).toEqual({ code, signal: null })
})

test('an app that is ready by then is said to be', async () => {
  const project = createApp({
    'src/main.ts': 'setInterval(() => {}, 1000)',
    'vite.config.ts': heldUp('runner:settled'),
  })
  const running = begin(project)
  await running.match(/ready in \d+ ms/)
})
