/** The file in which the processes of an app find their server: in a folder that only this user can enter. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Invitation } from '../shared/handover.ts'

/** Writes it. Rejects with what the system says of the folder for temporary files. */
export async function writeInvitation(invitation: Invitation): Promise<{ file: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'vite-tether-'))
  const file = join(folder, 'invitation.json')
  await writeFile(file, JSON.stringify(invitation), { mode: 0o600 })
  return { file, remove: () => rm(folder, { recursive: true, force: true }) }
}
