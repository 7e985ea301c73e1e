/** Where the files of this package lie: the built ones beside the code that asks, or in `dist` while that is source. */
import { fileURLToPath } from 'node:url'

const isSource = import.meta.url.endsWith('.ts')
const folder = isSource ? '../../../dist/' : './'

/** The folder that holds all code of this package, as it runs. */
const OWN_FOLDER = new URL(isSource ? '../../' : './', import.meta.url).href
const OWN_PATH = fileURLToPath(OWN_FOLDER)

/** `true` if code of this package is meant: by a line of a stack, or the path or URL of a file. */
export function isOwnCode(text: string): boolean {
  return text.includes(OWN_FOLDER) || text.includes(OWN_PATH)
}

/** URL of a built file, `main.js` for example. */
export function distUrl(name: string): string {
  return new URL(folder + name, import.meta.url).href
}

/** Absolute path of a built file; of the folder itself for an empty name. */
export function distPath(name: string): string {
  return fileURLToPath(distUrl(name))
}
