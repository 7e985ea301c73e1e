/** Finds the built files that app processes load. */
import { pathToFileURL } from 'node:url'
import { distPath } from '../../shared/util/dist-files.ts'

/** Path of the built bootstrap. */
export const MAIN_PATH = distPath('main.js')

/** The node flag with which app processes, and what they start, get the bridge. Neither the file nor the app's id is a secret. */
export function bridgeFlag(invitation: string, app: string): string {
  const url = pathToFileURL(distPath('bridge.js'))
  url.search = new URLSearchParams({ invitation, app }).toString()
  return `--import=${url.href}`
}
