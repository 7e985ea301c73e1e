import { createServer } from 'node:http'
import { app } from './app.js'

const port = Number(process.env.PORT ?? 3000)

// The listener stays open. What answers behind it is the Express handler of the newest Nest application.
let current = app
const server = createServer((request, response) => current.getHttpAdapter().getInstance()(request, response))
server.listen(port, () => console.log(`Tickets API on http://localhost:${port}`))

if (import.meta.hot) {
  import.meta.hot.accept('./app.js', (next) => {
    if (!next) return
    const previous = current
    current = next.app
    // its `onModuleDestroy` hooks; no new request reaches it
    void previous.close()
  })
  // before a restart: let the requests under way finish, then free the port
  import.meta.hot.dispose(async () => {
    await new Promise<void>((resolve) => server.close(() => resolve()))
    await current.close()
  })
}
