import { listen } from 'vite-tether/keep'
import { answer } from './api.ts'
import { startConsumer, stopConsumer } from './consumer.ts'
import './schedule.ts'

const port = Number(process.env.PORT ?? 3000)

// The health port stays open; what answers behind it is replaced.
listen(answer, port, () => console.log(`Queue worker, health on http://localhost:${port}/health`))
startConsumer()

if (import.meta.hot) {
  // this module starts the consumer, so it does not run again: its own save restarts the process
  import.meta.hot.accept('./api.ts', (next) => {
    if (next) listen(next.answer, port)
  })
  // before a restart: no new jobs, and those under way finish
  import.meta.hot.dispose(stopConsumer)
}
