import { createServer } from 'node:http'
import { app } from './app.ts'

const port = Number(process.env.PORT ?? 3000)

// An Express app is a request handler: the listener stays open and hands each request to the newest app.
let current = app
const server = createServer((request, response) => current(request, response))
server.listen(port, () => console.log(`Links API on http://localhost:${port}`))

if (import.meta.hot) {
  import.meta.hot.accept('./app.ts', (next) => {
    if (next) current = next.app
  })
  // before a restart: let the requests under way finish, then free the port
  import.meta.hot.dispose(() => new Promise<void>((resolve) => server.close(() => resolve())))
}
