/** A TCP proxy that misbehaves on demand. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface FaultyProxy {
  readonly port: number
  /** Connections made so far. */
  readonly connections: number
  /** Bytes passed on so far, both ways. */
  readonly bytes: number
  /** Ends all connections, politely or with a reset. */
  cut(how?: 'fin' | 'rst'): void
  /** Ends the connection under way, or the next one, when so many more bytes have passed in either direction. */
  cutAfter(bytes: number, how?: 'fin' | 'rst'): void
  /** Resolves when a planned cut has happened. */
  whenCut(): Promise<void>
  /** Passes nothing on and says nothing, on all connections, those to come included; `false` undoes it. */
  blackhole(on: boolean): void
  /** Bytes a second towards the client, or no limit. */
  throttle(bytesPerSecond: number | undefined): void
  /** Refuses new connections, or takes them again. */
  refuse(on: boolean): void
  close(): Promise<void>
}

/** Slices of a second in which a throttled proxy passes bytes on. */
const TICK = 20

/** Listens on a free port and passes everything on to `target`. */
export async function startProxy(target: { host: string; port: number }): Promise<FaultyProxy> {
  const pairs = new Set<[Socket, Socket]>()
  let connections = 0
  let bytes = 0
  let plan: { left: number; how: 'fin' | 'rst' } | undefined
  const cutListeners: (() => void)[] = []
  let hole = false
  let rate: number | undefined
  let refusing = false

  const server = createServer({ allowHalfOpen: false }, (client) => {
    if (refusing) {
      client.resetAndDestroy()
      return
    }
    connections++
    const upstream = connect(target)
    const pair: [Socket, Socket] = [client, upstream]
    pairs.add(pair)
    pass(client, upstream, () => undefined)
    pass(upstream, client, () => rate)
    for (const socket of pair) {
      socket.on('error', () => {})
      socket.on('close', () => {
        pairs.delete(pair)
        // in a hole nobody hears of anything
        if (!hole) for (const each of pair) each.destroy()
      })
    }
  })

  function pass(from: Socket, to: Socket, limit: () => number | undefined): void {
    from.on('data', (chunk: Buffer) => {
      if (hole) return
      let rest = chunk
      bytes += chunk.length
      if (plan) {
        rest = chunk.subarray(0, plan.left)
        plan.left -= rest.length
        if (plan.left === 0) {
          const { how } = plan
          plan = undefined
          to.write(rest, () => cutNow(how))
          return
        }
      }
      const perSecond = limit()
      if (perSecond === undefined) {
        if (!to.write(rest)) pause(from, to)
      } else {
        from.pause()
        trickle(rest, from, to, Math.max(1, Math.floor((perSecond * TICK) / 1000)))
      }
    })
  }

  function pause(from: Socket, to: Socket): void {
    from.pause()
    to.once('drain', () => from.resume())
  }

  function trickle(rest: Buffer, from: Socket, to: Socket, step: number): void {
    to.write(rest.subarray(0, step))
    const left = rest.subarray(step)
    setTimeout(() => (left.length > 0 ? trickle(left, from, to, step) : from.resume()), TICK).unref()
  }

  function cutNow(how: 'fin' | 'rst'): void {
    for (const pair of pairs) for (const socket of pair) how === 'rst' ? socket.resetAndDestroy() : socket.destroy()
    pairs.clear()
    for (const listener of cutListeners.splice(0)) listener()
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections
    },
    get bytes() {
      return bytes
    },
    cut: (how = 'fin') => cutNow(how),
    cutAfter(bytes, how = 'fin') {
      plan = { left: bytes, how }
    },
    whenCut: () => new Promise((resolve) => cutListeners.push(resolve)),
    blackhole(on) {
      hole = on
    },
    throttle(bytesPerSecond) {
      rate = bytesPerSecond
    },
    refuse(on) {
      refusing = on
    },
    async close() {
      hole = false
      plan = undefined
      cutNow('fin')
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
