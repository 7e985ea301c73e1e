/** `vite-tether/client` as it is built; its types are those of `src/client.ts`. */
import { loadApp } from './load-app.ts'

export const { connect, TetherError } = loadApp()
