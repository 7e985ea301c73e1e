/** env-runner with tsx in its app process: `node env-runner.js <entry>`, an entry that exports `fetch`. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { EnvServer } from 'env-runner'
import { serve } from 'srvx'
import { command } from '../paths.ts'

const app = new EnvServer({
  runner: 'node-process',
  entry: resolve(process.argv[2]!),
  watch: true,
  watchPaths: [resolve('src')],
  execArgv: ['--import', pathToFileURL(command('tsx', 'dist/loader.mjs')).href],
})
await app.start()
await serve({
  port: Number(process.env.PORT),
  hostname: '127.0.0.1',
  silent: true,
  fetch: (request) => app.fetch(request),
}).ready()
process.once('SIGTERM', async () => {
  await app.close()
  process.exit()
})
