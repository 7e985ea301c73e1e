/** Where an app's processes listen for an entry whose export answers requests. */
import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { ServeConfig } from '../../shared/handover.ts'
import type { AppOptions } from './command.ts'

/** From the options; `url` is that of the private socket, whose folder is as private. `undefined`: nowhere. */
export function serveConfig(
  { serve, serveAt, runnable }: AppOptions,
  url: string,
  id: string,
): ServeConfig | undefined {
  // under the command there is no other port to serve it on
  if (serveAt) return { at: serveAt, asked: Boolean(serve) || Object.keys(serveAt).length > 0 }
  // frameworks ask for it also where Vite's port is not shared
  if (serve === false && runnable !== false) return undefined
  // the same for all processes of the app: as of any port, what connects while one replaces the other waits
  const name = createHash('sha256').update(id).digest('base64url').slice(0, 6)
  const path = decodeURI(new URL(url).pathname.replace(/:[^:]*$/, ''))
  return {
    at: { path: process.platform === 'win32' ? `${path}-${name}` : join(dirname(path), name) },
    asked: Boolean(serve),
  }
}
