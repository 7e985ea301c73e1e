/** Secrets for other processes of this user: files in folders that nobody else can enter. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TetherError } from '../../shared/errors.ts'

/** A file of mode 0600 in a folder of its own, of mode 0700. */
export interface PrivateFile {
  readonly path: string
  /** Removes the folder. */
  remove(): Promise<unknown>
}

/** Writes one. Rejects with `ERR_START` where the folder for temporary files cannot be written to. */
export async function writePrivateFile(name: string, content: string): Promise<PrivateFile> {
  let folder: string | undefined
  const remove = async () => folder && rm(folder, { recursive: true, force: true })
  try {
    folder = await mkdtemp(join(tmpdir(), 'vite-tether-'))
    const path = join(folder, name)
    await writeFile(path, content, { mode: 0o600 })
    return { path, remove }
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
