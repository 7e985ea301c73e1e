/** The server that `vite build` emits: runs the app, and serves what the entry exports unless the app listens itself. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { BuiltApp } from '../../shared/built-app.ts'
import { TetherError } from '../../shared/errors.ts'
import type { ModuleNamespace } from '../module-types.ts'
import { portOf } from '../serve/entry-server.ts'
import { listenerOf } from '../serve/listener-of.ts'
import { type Answerer, recognise, unserved } from '../serve/recognise.ts'
import { AppServers } from './app-servers.ts'
import { ClientFiles } from './client-files.ts'
import { createFrontDoor } from './front-door.ts'
import { endGracefully } from './graceful-end.ts'
import { openPreviewChannel } from './preview-channel.ts'

/**
 * Runs it.
 *
 * @param url of the emitted module
 * @param load executes the entry
 */
export function runBuilt(url: string, built: BuiltApp, load: () => Promise<ModuleNamespace>): void {
  // libraries tell clients of errors unless it is set; by this name, as a build may put its value in place of the long one
  const { env } = process
  env.NODE_ENV ??= 'production'
  process.setSourceMapsEnabled(true)
  const tellPreview = openPreviewChannel()
  const client = fileURLToPath(new URL(built.client, url))
  const files = new ClientFiles(client, built.hashed)
  if (files.areNone && built.pages.length > 0) {
    const text = `Found none of the pages that were built, only the app answers: expected them in ${client}, beside this server.`
    process.stderr.write(`[vite-tether] ${text}\n`)
  }
  let own: Server | undefined
  let exported: ModuleNamespace | undefined
  let told = false
  const servers = new AppServers(createFrontDoor(built, files), {
    /** The app listens itself, whatever it exports: the port that we have may be the one that it wants. */
    begins() {
      if (!own) return
      servers.leave(own)
      own.close()
      own = undefined
    },
    isFront(server) {
      if (!told) endGracefully(servers, () => own !== undefined)
      told = true
      tellPreview?.(server)
    },
  })
  process.on('exit', () => {
    if (!process.exitCode && !servers.hasBegun && !told) fail(unserved(built.entry, exported))
  })
  load().then(
    (exports) => {
      exported = exports
      const answerer = servers.hasBegun ? undefined : recognise(exports, true)
      if (answerer) serve(answerer)
    },
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )

  async function serve(answerer: Answerer): Promise<void> {
    await answerer.ready?.()
    if (servers.hasBegun) return
    const { what, upgrade } = answerer
    const server = createServer(listenerOf(answerer))
    servers.except(server)
    own = server
    if (upgrade) {
      server.on('upgrade', async (request, socket, head) => {
        try {
          await upgrade(request, socket, head)
        } catch (error) {
          console.error(error)
          socket.destroy()
        }
      })
    }
    const port = wantedPort()
    const host = process.env.HOST || undefined
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (server.listening) throw error
      const text =
        error.code === 'EADDRINUSE'
          ? `Port ${port} is taken. End what listens there, or set the variable PORT to another one.`
          : `Expected port ${port}${host ? ` of ${host}` : ''} to be one to listen on (variables PORT and HOST), got: ${error.message}.`
      fail(new TetherError('ERR_START', text))
    })
    server.listen({ port, host }, () => {
      // whose own address is the one to be shown
      if (tellPreview) return
      const { address, port, family } = server.address() as AddressInfo
      const name = family === 'IPv6' ? `[${address}]` : address
      const shown = ['[::]', '0.0.0.0', '[::1]', '127.0.0.1'].includes(name) ? 'localhost' : name
      console.info(`[vite-tether] ${built.entry} (${what}) listens at http://${shown}:${port}${built.base}`)
    })
  }
}

function wantedPort(): number {
  try {
    return portOf(process.env.PORT)
  } catch (error) {
    return fail(error as TetherError)
  }
}

function fail({ message }: Error): never {
  process.stderr.write(`[vite-tether] ${message}\n`)
  process.exit(1)
}
