/** Lets a standby become its app's process. */
import { createDebug } from 'obug'
import type { App } from '../apps/app.ts'
import type { Pair } from './session-table.ts'

const debug = createDebug('vite-tether:hub')

/** Sends a standby Vite's present code of its entry, then tells it to begin. */
export async function beginTurn([session, { feed }]: Pair, app: App): Promise<void> {
  await app.mayBegin()
  try {
    // Vite may have newer code without having sent an update: server.hmr is off, or a plugin's hotUpdate has returned []
    await feed.catchUp(app.url)
  } catch (error) {
    debug('%d does not catch up: %o', session.pid, error)
  }
  if (session.state !== 'ended') session.rpc.begin()
}
