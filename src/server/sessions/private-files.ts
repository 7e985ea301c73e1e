/** Makes files and sockets that only this user can reach: each in its own folder of mode 0700. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { TetherError } from '../../shared/errors.ts'

/** A file of mode 0600 in a folder of its own, of mode 0700. */
export interface PrivateFile {
  readonly path: string
  /** Removes the folder. */
  remove(): Promise<unknown>
}

/** Writes a private file, whose folder exists if its `path` is given. Rejects with `ERR_START` if it cannot be written. */
export async function writePrivateFile(name: string, content: string, path?: string): Promise<PrivateFile> {
  let folder = path && dirname(path)
  const remove = async () => folder && rm(folder, { recursive: true, force: true })
  try {
    folder ??= await mkdtemp(join(tmpdir(), 'vite-tether-'))
    const file = join(folder, name)
    await writeFile(file, content, { mode: 0o600 })
    return { path: file, remove }
  } catch (cause) {
    await remove()
    throw new TetherError(
      'ERR_START',
      `Could not write a file of ${content.length} bytes for the app's own processes to ${tmpdir()}: ${(cause as Error).message}. ` +
        'Make room there, or set TMPDIR to a folder that can be written to.',
      { cause },
    )
  }
}

/** The path for a socket: in a private folder or, on Windows, a named pipe with a name that cannot be guessed. */
export interface PrivatePath {
  path: string
  /** Removes the folder. */
  remove(): Promise<void>
}

/** Greatest length of a socket's path: macOS has the smallest `sun_path`, 104 bytes with the final zero. */
const MAX_SOCKET_PATH = 103

/**
 * Makes a new path for a socket: in `/tmp` if the path of the folder for temporary files is too long for one. Rejects with
 * `ERR_START` if the folder cannot be made.
 */
export async function createPrivatePath(): Promise<PrivatePath> {
  if (process.platform === 'win32') {
    return { path: `\\\\.\\pipe\\vite-tether-${randomBytes(16).toString('hex')}`, remove: async () => {} }
  }
  // sockets with other names lie beside it
  const base = [tmpdir(), '/tmp'].find(
    (folder) => join(folder, 'vite-tether-XXXXXX', 'longest').length <= MAX_SOCKET_PATH,
  )
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
