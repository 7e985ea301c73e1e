/** Apps remove the file of their socket before they listen, as a process that was killed leaves it: newer code does so while older code listens. */
import { once } from 'node:events'
import { request } from 'node:http'
import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'

const ask = (socketPath: string) =>
  new Promise<string>((resolve) => {
    request({ socketPath, agent: false }, (response) => {
      response.setEncoding('utf8').on('data', resolve)
    })
      .on('error', (error: NodeJS.ErrnoException) => resolve(error.code!))
      .end()
  })

const main = (more: string) => `
  import { rmSync } from 'node:fs'
  import { createServer } from 'node:http'
  import { version } from './version.ts'
  const path = import.meta.dirname + '/app.sock'
  rmSync(path, { force: true })
  const server = createServer((_, response) => response.end('v' + version)).listen(path, () => console.log('listens ' + version))
  import.meta.hot!.accept()
  ${more}
`
const close = 'import.meta.hot!.dispose(() => new Promise((resolve) => server.close(resolve)))'

test.each([
  ['and leaves it to us to end the older server', '', true],
  ['and closes the older server', close, true],
  ['and leaves it to us, where no ports are held', '', false],
  ['and closes the older server, where no ports are held', close, false],
])('newer code removes the file of the socket %s: its own one is there', async (_, more, ports) => {
  const app = await startApp(
    { 'src/main.ts': main(more), 'src/version.ts': 'export const version = 0' },
    { standby: false, ports },
  )
  await app.line(/^listens 0/)
  const socket = app.project.path('src/app.sock')
  expect(await ask(socket)).toBe('v0')
  for (let version = 1; version <= 3; version++) {
    const applied = once(app.hub, 'update:applied')
    app.project.write('src/version.ts', `export const version = ${version}`)
    expect((await applied)[1]).toMatchObject({ outcome: 'updated' })
    await app.line(new RegExp(`^listens ${version}`))
    expect(await ask(socket)).toBe(`v${version}`)
  }
  const { pid } = app.hub.runners[0]!
  await app.hub.restart()
  await expect.poll(() => app.hub.runners[0]!.pid !== pid && app.hub.runners[0]!.state).toBe('ready')
  await expect.poll(() => ask(socket)).toBe('v3')
})
