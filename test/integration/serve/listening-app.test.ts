import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { ask } from '../../support/requests.ts'
import { serving } from '../../support/serving.ts'

test.each([
  ['a port of its own', '0'],
  ['an address of all families', "0, '::'"],
  ['an IPv4 address', "0, '127.0.0.1'"],
  ['a path', "import.meta.dirname + '/app.sock'"],
])('the hub tells where an app answers that listens on %s, late and over restarts and its end', async (_, where) => {
  const app = await startApp({
    'src/main.ts': `
      import { createServer } from 'node:http'
      import net from 'node:net'
      // no http server, and one that is closed again as by those who look for a free port
      net.createServer().listen(0)
      const probe = net.createServer()
      probe.listen(0, () => probe.close())
      setTimeout(() => createServer((_, response) => response.end('pid ' + process.pid)).listen(${where}), 200)
      process.on('SIGUSR2', () => process.exit(3))
    `,
  })
  const first = await serving(app, (view) => view.serving !== undefined)
  expect(first.serving!.kind).toBe('listening')
  expect((await ask(first.serving!.target)).body).toBe(`pid ${first.pid}`)

  const told: (string | undefined)[] = []
  app.hub.on('runner:serving', ({ serving }) => told.push(serving?.kind))
  const gone = serving(app, (view) => view.serving === undefined)
  await app.hub.restart()
  expect((await gone).pid).toBe(first.pid)
  const second = await serving(app, (view) => view.pid !== first.pid && view.serving !== undefined)
  expect((await ask(second.serving!.target)).body).toBe(`pid ${second.pid}`)

  const ended = serving(app, (view) => view.serving === undefined)
  process.kill(second.pid!, 'SIGUSR2')
  expect((await ended).state).toBe('crashed')
  expect(told).toEqual([undefined, 'listening', undefined])
})
