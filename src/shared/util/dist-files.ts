/** Finds the built files of this package: beside this code if it is built itself, in `dist` if it runs from source (in tests). */
import { fileURLToPath } from 'node:url'

const isSource = import.meta.url.endsWith('.ts')
const folder = isSource ? '../../../dist/' : './'

/** The folder of the code of this package that runs: `dist`, or `src` in tests. */
const OWN_FOLDER = new URL(isSource ? '../../' : './', import.meta.url).href
const OWN_PATH = fileURLToPath(OWN_FOLDER)

/** `true` if a line of a stack, a path or a URL names code of this package. */
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
