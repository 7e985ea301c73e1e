import { Agent } from 'node:http'
import { expect, test } from 'vitest'
import type { TetherOptions } from '../../../src/index.ts'
import { freePort } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { ask, startLoad } from '../../support/requests.ts'
import { startServer } from '../../support/tether.ts'

async function start(files: Record<string, string>, options: TetherOptions = {}) {
  const project = createProject({ 'package.json': '{ "type": "module" }', ...files })
  const app = await startServer(project.root, { entry: 'main.ts', ...options })
  await app.line(/^listens/)
  /** Saves, and resolves with what came of it. */
  const after = (save: () => void) =>
    new Promise<string>((resolve) => {
      app.hub.once('update:applied', (_, { outcome }) => resolve(outcome))
      save()
    })
  return { ...app, project, after, pid: () => app.hub.runners[0]?.pid }
}

const accept = 'import.meta.hot?.accept()'
const version = (name: string) => `export const version = '${name}'`
const server = (port: number, more = accept) => `
  import { createServer } from 'node:http'
  import { version } from './version.ts'
  const server = createServer((request, response) => request.resume().on('end', () => response.end(version)))
  server.listen(${port}, () => console.log('listens'))
  ${more}
`

test.each([
  ['at the top level', (port: number) => server(port)],
  [
    'awaited',
    (port: number) => `
      import { once } from 'node:events'
      import { createServer } from 'node:http'
      import { version } from './version.ts'
      const server = createServer((_, response) => response.end(version)).listen(${port}, '127.0.0.1')
      await once(server, 'listening')
      console.log('listens', server.address().port)
      ${accept}`,
  ],
  [
    'in a function that nobody awaits',
    (port: number) => `
      import { setTimeout } from 'node:timers/promises'
      import { createServer } from 'node:http'
      import { version } from './version.ts'
      async function bootstrap() {
        await setTimeout(20)
        const server = createServer((_, response) => response.end(version))
        await setTimeout(20)
        await new Promise((resolve) => server.listen(${port}, '0.0.0.0', resolve))
        console.log('listens')
      }
      bootstrap()
      ${accept}`,
  ],
])(
  'a plain listen %s is taken over under load, 20 times',
  async (_, entry) => {
    const port = await freePort()
    const app = await start({ 'main.ts': entry(port), 'version.ts': version('0') })
    const pid = app.pid()
    const kept = startLoad({ port, host: '127.0.0.1', method: 'POST' }, true, Buffer.alloc(5000))
    const fresh = startLoad({ port, host: '127.0.0.1' }, false)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let update = 1; update <= 20; update++) {
      expect(await app.after(() => app.project.write('version.ts', version(String(update))))).toBe('updated')
      // on a connection of the first server, and on a new one
      for (const each of [agent, false] as const) {
        expect((await ask({ port, host: '127.0.0.1', agent: each })).body).toBe(String(update))
      }
    }
    await Promise.all([kept.end(), fresh.end()])
    agent.destroy()
    expect([kept.failures, fresh.failures]).toEqual([[], []])
    expect(app.pid()).toBe(pid)
  },
  60_000,
)
