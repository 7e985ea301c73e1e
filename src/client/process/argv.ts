/** Tells a supervised app process from others, and hides that from its app. */
import { distPath } from '../../shared/util/dist-files.ts'

/** `true` if this is a supervised app process: its `argv[1]` is our bootstrap. */
export function isAppProcess(): boolean {
  return process.argv[1] === distPath('main.js')
}

/** Makes argv what the app expects: its entry comes right after node. */
export function takeArgv(): void {
  if (isAppProcess()) process.argv.splice(1, 1)
}
