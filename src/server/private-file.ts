/** Secrets for other processes of this user: files in folders that nobody else can enter. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file of mode 0600 in a folder of its own, of mode 0700. */
export interface PrivateFile {
  readonly path: string
  /** Removes the folder. */
  remove(): Promise<void>
}

/** Writes one. Rejects with what the system says of the folder for temporary files. */
export async function writePrivateFile(name: string, content: string): Promise<PrivateFile> {
  const folder = await mkdtemp(join(tmpdir(), 'vite-tether-'))
  const path = join(folder, name)
  await writeFile(path, content, { mode: 0o600 })
  return { path, remove: () => rm(folder, { recursive: true, force: true }) }
}
