/** Where the bootstrap of app processes lies: beside this file once built. */
import { fileURLToPath } from 'node:url'

const isSource = import.meta.url.endsWith('.ts')

/** Path of the built bootstrap. */
export const MAIN_PATH = fileURLToPath(new URL(isSource ? '../../dist/main.js' : './main.js', import.meta.url))
