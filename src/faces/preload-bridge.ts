/** Preloaded by app processes and all that they start: see `client/bridge/preload`. */
import { loadApp } from './load-app.ts'

const { preload, take, evaluate } = loadApp()

// the modules that the bridge generates import these
export { evaluate, take }

await preload(import.meta.url)
