/** The app process of `runner-ws`: `node runner-ws-app.js <entry>`, with LINK_URL. */
import { createWebSocketModuleRunnerTransport, ESModulesEvaluator, ModuleRunner } from 'vite/module-runner'
import { WebSocket } from 'ws'

const transport = createWebSocketModuleRunnerTransport({
  createConnection: () => new WebSocket(process.env.LINK_URL!, { perMessageDeflate: false }) as never,
})
const runner = new ModuleRunner(
  { transport, hmr: true, sourcemapInterceptor: 'prepareStackTrace' },
  new ESModulesEvaluator(),
)
await runner.import(process.argv[2]!)
