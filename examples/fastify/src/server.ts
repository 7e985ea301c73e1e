import { createServer } from 'node:http'
import { app } from './app.ts'

const port = Number(process.env.PORT ?? 3000)

// The listener stays open; `routing` is the request handler of the newest Fastify instance.
let current = app
const server = createServer((request, response) => current.routing(request, response))
server.listen(port, () => console.log(`Notes API on http://localhost:${port}`))

if (import.meta.hot) {
  import.meta.hot.accept('./app.ts', (next) => {
    if (!next) return
    const previous = current
    current = next.app
    // its `onClose` hooks; no new request reaches it
    void previous.close()
  })
  // before a restart: let the requests under way finish, then free the port
  import.meta.hot.dispose(async () => {
    await new Promise<void>((resolve) => server.close(() => resolve()))
    await current.close()
  })
}
