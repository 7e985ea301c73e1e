/** hot-hook with tsx, and the parent that it asks for restarts: `node hot-hook.js <entry>` */
import { pathToFileURL } from 'node:url'
import { command } from '../paths.ts'
import { respawn } from '../respawn.ts'

const tsx = pathToFileURL(command('tsx', 'dist/loader.mjs')).href
const hotHook = pathToFileURL(command('hot-hook', 'build/src/register.js')).href
const app = respawn(['--import', tsx, '--import', hotHook, process.argv[2]!], {}, (message) => {
  if ((message as { type?: string }).type === 'hot-hook:full-reload') void app.restart()
})
