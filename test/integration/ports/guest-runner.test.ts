/** A runner in a process that is not its own: servers of that process are no servers of its modules, however close to an update they come. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createProject } from '../../support/project.ts'
import { attach, startServer } from '../../support/tether.ts'

async function listen(port: number): Promise<Server> {
  const server = createServer((_, response) => response.end(`of ${port}`))
  onTestFinished(() => void server.close())
  await once(server.listen(port, '127.0.0.1'), 'listening')
  return server
}

const portOf = (server: Server) => (server.address() as AddressInfo).port

test('after an update two servers of the process have a port each, and one that it has is taken for others', async () => {
  const project = createProject({ 'main.ts': 'export let n = 1\nimport.meta.hot.accept()' })
  const server = await startServer(project.root, { attach: true })
  const { runner } = await attach(server, project.root)
  await runner.import('/main.ts')
  for (const n of [2, 3]) {
    const applied = once(runner, 'applied')
    project.write('main.ts', `export let n = ${n}\nimport.meta.hot.accept()`)
    await applied
  }
  const servers = [await listen(0), await listen(0), await listen(0)]
  expect(new Set(servers.map(portOf)).size).toBe(3)
  const second = createServer()
  second.listen(portOf(servers[0]!), '127.0.0.1')
  const [error] = (await once(second, 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('EADDRINUSE')
})
