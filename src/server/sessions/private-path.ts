/**
 * A place for a socket that only this user can reach: a folder of mode 0700, or a named pipe with an unguessable name.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TetherError } from '../../shared/errors.ts'

export interface PrivatePath {
  path: string
  /** Removes the folder. */
  remove(): Promise<void>
}

/** What `sun_path` holds on the systems there are, without the final zero. */
const MAX_SOCKET_PATH = 103

/** Makes a new one. Rejects with `ERR_START` if the folder for temporary files is too deep for a socket or not writable. */
export async function createPrivatePath(): Promise<PrivatePath> {
  if (process.platform === 'win32') {
    return { path: `\\\\.\\pipe\\vite-tether-${randomBytes(16).toString('hex')}`, remove: async () => {} }
  }
  const base = [tmpdir(), '/tmp'].find((folder) => join(folder, 'vite-tether-XXXXXX', 's').length <= MAX_SOCKET_PATH)
  try {
    const folder = await mkdtemp(join(base ?? '/tmp', 'vite-tether-'))
    return { path: join(folder, 's'), remove: () => rm(folder, { recursive: true, force: true }) }
  } catch (cause) {
    throw new TetherError(
      'ERR_START',
      `no folder for the socket could be made in ${base}: expected a writable folder for temporary files; set TMPDIR to one`,
      { cause },
    )
  }
}
