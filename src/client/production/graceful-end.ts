/** SIGTERM and SIGINT: no more connections, the requests under way are answered, then the process ends. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { isStreamOfEvents } from '../ports/expected.ts'
import type { AppServers } from './app-servers.ts'

/** Milliseconds that requests under way have. */
const PATIENCE = 10_000

/** Milliseconds that clients have to end their WebSockets, and those with a kept connection to ask once more or see that they cannot. */
const FAREWELL = 500

/** Milliseconds in which a second signal is the first one: the terminal sends it to all processes, and npm passes it on. */
const SAME = 500

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/**
 * Ends the process gracefully from now on. `isOurs`: nobody but us can close the server; else an app that listens to the signal itself is
 * left alone.
 */
export function endGracefully(servers: AppServers, isOurs: () => boolean): void {
  let since: number | undefined
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      const hasOther = process.listenerCount(signal) > 1
      if (since !== undefined) return hasOther || performance.now() - since < SAME ? undefined : process.exit(1)
      if (hasOther && !isOurs()) return
      since = performance.now()
      void end(servers, hasOther)
    })
  }
}

/** `hasOther`: the app has something to end as well, and ends the process when it has done so. */
async function end(servers: AppServers, hasOther: boolean): Promise<void> {
  const { listening, underWay, webSockets } = servers
  const timer = setTimeout(() => {
    const what = underWay.size > 0 ? `${underWay.size} answers have not ended` : 'the app has not ended'
    process.stderr.write(`[vite-tether] ${what} ${PATIENCE / 1000} s after the signal to stop\n`)
    process.exit(1)
  }, PATIENCE)
  if (hasOther) timer.unref()
  const closed = Promise.all(Array.from(listening, (server) => once(server, 'close')))
  const farewell = wait(FAREWELL, undefined, { ref: !hasOther })
  servers.end()
  // the app may have told them itself
  setImmediate(() => webSockets.dismiss())
  // they go on for ever
  for (const response of underWay) if (isStreamOfEvents(response)) response.socket?.destroy()
  await Promise.race([closed, farewell])
  for (const server of listening) server.closeIdleConnections()
  while (underWay.size > 0) await Promise.all(Array.from(underWay, ended))
  if (!hasOther) process.exit()
}

function ended(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => response.once('close', () => resolve()))
}
