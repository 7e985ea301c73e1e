/** A worker that has no Vite for a while: the operator reads why, once, and it joins when there is one. */
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, run } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

test('while it waits for its first link a worker says once what is in the way, and joins', async () => {
  const project = createProject({ 'src/main.ts': "console.log('main')\nsetInterval(() => {}, 1000)" })
  const port = await freePort()
  const token = 'a-token-of-some-length'
  const url = `ws://127.0.0.1:${port}/__tether`
  const worker = run(process.execPath, [cli, 'attach', '--wait', '60', url, 'src/main.ts'], {
    cwd: createProject({}).root,
    env: { PATH: process.env.PATH, NO_COLOR: '1', TETHER_TOKEN: token },
  })
  onTestFinished(() => worker.end())
  await worker.match(/no server at ws:.*ECONNREFUSED.*is Vite running there with vite-tether\?; trying on/)
  await startServer(project.root, { attach: { port, token } })
  await worker.match(/^main$/m)
  expect(worker.text.match(/no server at/g)).toHaveLength(1)
})
