/** An app with several servers has its pages on the port that it was given, in whatever order these listen. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { AppServers } from '../../../src/client/production/app-servers.ts'
import { askAt } from '../../support/built-app.ts'
import { freePort } from '../../support/child.ts'

test('the pages are on the given port, else on the first one that listens, and move on when that is closed', async () => {
  const fronts: Server[] = []
  new AppServers((_request, response) => response.end('page'), {
    begins() {},
    isFront: (server) => void fronts.push(server as Server),
  })
  const port = await freePort()
  const { PORT } = process.env
  process.env.PORT = String(port)
  onTestFinished(() => {
    if (PORT === undefined) delete process.env.PORT
    else process.env.PORT = PORT
  })
  const listen = async (at: number) => {
    const server = createServer((_, response) => response.end('app')).listen(at, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    return server
  }
  const portOf = (server: Server) => (server.address() as AddressInfo).port
  const told = (servers: Server[]) => Promise.all(servers.map(async (each) => (await askAt(portOf(each), '/')).body))

  const metrics = await listen(0)
  expect(await told([metrics])).toEqual(['page'])
  const main = await listen(port)
  const health = await listen(0)
  expect(await told([metrics, main, health])).toEqual(['app', 'page', 'app'])
  expect(fronts).toEqual([metrics, main])
  main.close()
  await once(main, 'close')
  expect(await told([metrics, health])).toEqual(['page', 'app'])
  expect(fronts).toEqual([metrics, main, metrics])
})
