/** `vite-tether attach`: see `cli/attach-command`. */
import { loadApp } from './load-app.ts'

loadApp().attachCommand(process.argv.slice(3))
