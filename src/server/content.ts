/** Editors that truncate a file before they write it: for a moment the save is an empty file. */
import { stat } from 'node:fs/promises'

/** How long a file that a save left empty may take to get its content, in ms. */
const GRACE = 200
const POLL = 10

/** Waits until a file that was just saved has content, so that a truncated one never surfaces as an empty module. */
export async function contentOf(file: string): Promise<void> {
  const deadline = performance.now() + GRACE
  while (performance.now() < deadline) {
    const stats = await stat(file).catch(() => undefined)
    if (stats?.size !== 0) return
    await new Promise((resolve) => setTimeout(resolve, POLL))
  }
}
