/** A standby becomes its app's process. */
import { createDebug } from 'obug'
import type { Pair } from './session-table.ts'

const debug = createDebug('vite-tether:hub')

/** Tells a standby to begin, behind the code that Vite has now for the entry `url`. */
export async function beginTurn([session, { feed }]: Pair, url: string): Promise<void> {
  try {
    // Vite may have other code without having told of it: server.hmr is off, or a plugin has answered hotUpdate with nothing
    await feed.catchUp(url)
  } catch (error) {
    debug('%d does not catch up: %o', session.pid, error)
  }
  if (session.state !== 'ended') session.rpc.begin()
}
