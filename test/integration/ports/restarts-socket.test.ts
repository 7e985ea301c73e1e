/** An unchanged app with socket.io: a restart cuts its WebSockets, and its clients come again to the next process. */
import { symlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import { io } from 'socket.io-client'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, until } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { startLoad } from '../../support/requests.ts'
import { startServer } from '../../support/tether.ts'

const packages = resolve(import.meta.dirname, '../../../node_modules')

test.each([
  ['over a WebSocket', ['websocket'], true],
  ['over polling that becomes a WebSocket', ['polling', 'websocket'], false],
  ['over polling', ['polling'], true],
])(
  'a client of socket.io comes again once for each restart, and no request fails: %s (%j, standby: %s)',
  async (_, transports, standby) => {
    const port = await freePort()
    const project = createProject({
      'package.json': '{ "type": "module" }',
      'main.ts': `
        import { createServer } from 'node:http'
        import { Server } from 'socket.io'
        import { version } from './version.ts'
        const server = createServer((_, response) => response.end(version))
        new Server(server).on('connection', (socket) => {
          socket.emit('version', version)
          socket.on('ask', (answer) => answer(version))
        })
        server.listen(${port}, () => console.log('listens'))`,
      'version.ts': `export const version = '0'`,
    })
    symlinkSync(packages, project.path('node_modules'), 'dir')
    const app = await startServer(project.root, { entry: 'main.ts', standby })
    await app.line(/^listens/)
    const socket = io(`http://127.0.0.1:${port}`, { transports, reconnectionDelay: 10, forceNew: true })
    onTestFinished(() => void socket.disconnect())
    const heard: string[] = []
    socket.on('version', (version) => heard.push(version))
    const loads = [true, false].map((keepAlive) => startLoad({ port, host: '127.0.0.1' }, keepAlive))
    for (let version = 1; version <= 3; version++) {
      await until(
        () => socket.io.engine?.transport.name === transports.at(-1) && heard.length === version,
        'the connection',
      )
      project.write('version.ts', `export const version = '${version}'`)
      await until(() => heard.length > version, 'the new code')
      expect(await socket.emitWithAck('ask')).toBe(String(version))
    }
    expect(heard).toEqual(['0', '1', '2', '3'])
    for (const load of loads) {
      await load.end()
      expect(load.failures).toEqual([])
    }
  },
  60_000,
)
