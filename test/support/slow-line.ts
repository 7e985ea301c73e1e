/** A line with latency and little bandwidth, which can be cut. */
import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface SlowLine {
  /** Ends all connections and takes no new ones until `mend`. */
  cut(): void
  mend(): void
}

/** Passes on what comes to `from`, with `rtt` ms there and back and so many Mbit/s each way. Closed when the test ends. */
export async function createSlowLine(
  from: { host: string; port: number },
  to: { host: string; port: number },
  { rtt, mbit }: { rtt: number; mbit: number },
): Promise<SlowLine> {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((client) => {
    if (isCut) return client.resetAndDestroy()
    const upstream = connect(to)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket.setNoDelay())
      let free = 0
      socket.on('error', () => {})
      socket.on('data', (data) => {
        free = Math.max(free, performance.now()) + data.length / (mbit * 125)
        socket.pause()
        // the line is free again before what was on it has arrived
        setTimeout(() => socket.resume(), free - performance.now())
        setTimeout(() => other.write(data), free - performance.now() + rtt / 2)
      })
      socket.on('close', () => setTimeout(() => other.destroy(), rtt / 2))
    }
    return undefined
  })
  await new Promise<void>((resolve) => server.listen(from.port, from.host, resolve))
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  onTestFinished(() => {
    cut()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  })
  return {
    cut,
    mend: () => {
      isCut = false
    },
  }
}
