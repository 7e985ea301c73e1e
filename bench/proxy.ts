/** A line with latency between two processes, which counts the WebSocket messages that pass. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as idle } from 'node:timers/promises'
import { countFrames } from './frames.ts'

/** The traffic of both ways. */
export interface Traffic {
  /** Bytes of TCP payload. */
  bytes: number
  /** WebSocket messages with data. */
  messages: number
}

/** A proxy that listens. */
export interface Line {
  readonly port: number
  /** The traffic since the last call. */
  take(): Traffic
  close(): Promise<void>
}

/** Passes everything on to `port`, each way `rtt / 2` ms late; a new connection costs a round trip. */
export async function createLine(port: number, rtt: number): Promise<Line> {
  const sockets = new Set<Socket>()
  let traffic: Traffic = { bytes: 0, messages: 0 }
  const later = (what: () => void): void => {
    if (rtt === 0) what()
    else setTimeout(what, rtt / 2)
  }

  function pass(from: Socket, to: Socket): void {
    const count = countFrames()
    from.on('data', (chunk: Buffer) => {
      traffic.bytes += chunk.length
      traffic.messages += count(chunk)
      later(() => to.write(chunk))
    })
    from.on('close', () => {
      sockets.delete(from)
      later(() => to.destroy())
    })
    from.on('error', () => {})
    sockets.add(from.setNoDelay())
  }

  const server = createServer({ pauseOnConnect: true }, async (client) => {
    sockets.add(client)
    if (rtt > 0) await idle(rtt)
    const upstream = connect(port, '127.0.0.1')
    pass(client, upstream)
    pass(upstream, client)
    client.resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    take() {
      const taken = traffic
      traffic = { bytes: 0, messages: 0 }
      return taken
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
