/** Where the built files of this package lie: beside the code that asks, or in `dist` while that is source. */
import { fileURLToPath } from 'node:url'

const folder = import.meta.url.endsWith('.ts') ? '../../dist/' : './'

/** URL of a built file, `main.js` for example. */
export function distUrl(name: string): string {
  return new URL(folder + name, import.meta.url).href
}

/** Absolute path of a built file; of the folder itself for an empty name. */
export function distPath(name: string): string {
  return fileURLToPath(distUrl(name))
}
