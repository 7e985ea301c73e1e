/** The server that answers requests by what an entry exports: to the app's ports it is one like any other. */
import { once } from 'node:events'
import { unlinkSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { ListenOptions } from 'node:net'
import type { Duplex } from 'node:stream'
import { TetherError } from '../../shared/errors.ts'
import type { ServeConfig } from '../../shared/handover.ts'
import type { NewestExport } from './newest-export.ts'

const DEFAULT_PORT = 3000
const LAST_PORT = 65_535

/** Answers by the newest export. */
export class EntryServer {
  readonly server: Server
  readonly #newest: NewestExport
  /** The port that was wanted, if it is taken. */
  taken: number | undefined

  constructor(newest: NewestExport) {
    this.#newest = newest
    this.server = createServer((request, response) => this.#newest.last!.listener.call(this.server, request, response))
  }

  /** Listens where `at` says. Rejects with `ERR_CONFIG` or `ERR_START`, or with Node's error. */
  async open(at: ServeConfig['at']): Promise<void> {
    this.refresh()
    if ('path' in at) await this.#openPath(at.path)
    else await this.#openPort(at)
  }

  /** The newest export may be another one: without a listener of `upgrade` Node answers such requests as it does others. */
  refresh(): void {
    const takes = this.#newest.last?.upgrade !== undefined
    if (takes === this.server.listenerCount('upgrade') > 0) return
    if (takes) this.server.on('upgrade', this.#upgrade)
    else this.server.off('upgrade', this.#upgrade)
  }

  readonly #upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    try {
      await this.#newest.last?.upgrade?.(request, socket, head)
    } catch (error) {
      console.error(error)
      socket.destroy()
    }
  }

  async #openPath(path: string): Promise<void> {
    try {
      await this.#listen({ path })
    } catch (error) {
      // where no ports are held, one that was killed has left its file
      if (codeOf(error) !== 'EADDRINUSE' || process.platform === 'win32') throw error
      unlinkSync(path)
      await this.#listen({ path })
    }
  }

  async #openPort({ port: given, host, strict }: Exclude<ServeConfig['at'], { path: string }>): Promise<void> {
    const wanted = given ?? portOf(process.env.PORT)
    // as Vite does
    const where = host === true ? {} : { host: host ?? 'localhost' }
    for (let port = wanted; ; port++) {
      try {
        await this.#listen({ port, ...where })
        if (port !== wanted) this.taken = wanted
        return
      } catch (error) {
        if (codeOf(error) !== 'EADDRINUSE' || port >= LAST_PORT) throw error
        if (!strict) continue
        const message = `Port ${port} is taken, and --strictPort allows no other one. End what listens there, or give another --port.`
        throw new TetherError('ERR_START', message, { cause: error })
      }
    }
  }

  async #listen(where: ListenOptions): Promise<void> {
    this.server.listen(where)
    await once(this.server, 'listening')
  }
}

/** The port that the variable PORT asks for. Throws `ERR_CONFIG`. */
export function portOf(text: string | undefined): number {
  if (text === undefined || text === '') return DEFAULT_PORT
  if (/^\d{1,5}$/.test(text) && Number(text) <= LAST_PORT) return Number(text)
  throw new TetherError(
    'ERR_CONFIG',
    `Expected the variable PORT to be a number from 0 to ${LAST_PORT}, got '${text}'.`,
  )
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code
}
