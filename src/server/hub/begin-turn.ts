/** A standby becomes its app's process. */
import { createDebug } from 'obug'
import type { App } from '../apps/app.ts'
import type { Pair } from './session-table.ts'

const debug = createDebug('vite-tether:hub')

/** Tells a standby to begin, behind the code that Vite has now for its entry. */
export async function beginTurn([session, { feed }]: Pair, app: App): Promise<void> {
  await app.mayBegin()
  try {
    // Vite may have other code without having told of it: server.hmr is off, or a plugin has answered hotUpdate with nothing
    await feed.catchUp(app.url)
  } catch (error) {
    debug('%d does not catch up: %o', session.pid, error)
  }
  if (session.state !== 'ended') session.rpc.begin()
}
