import { createServer } from 'node:http'
import { answer } from './api.ts'
import { startConsumer, stopConsumer } from './consumer.ts'
import './schedule.ts'

const port = Number(process.env.PORT ?? 3000)

// The health port stays open; what answers behind it is replaced.
let current = answer
const server = createServer((request, response) => void current(request, response))
server.listen(port, () => console.log(`Queue worker, health on http://localhost:${port}/health`))
startConsumer()

if (import.meta.hot) {
  import.meta.hot.accept('./api.ts', (next) => {
    if (next) current = next.answer
  })
  // before a restart: no new jobs, let those under way finish, then free the port
  import.meta.hot.dispose(async () => {
    await stopConsumer()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })
}
