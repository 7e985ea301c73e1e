import { serve } from '@hono/node-server'
import { app } from '@/app.ts'

const port = Number(process.env.PORT ?? 3000)

// The listener stays open for as long as the process lives; what answers behind it is replaced.
let current = app
const server = serve({ fetch: (request, env) => current.fetch(request, env), port }, ({ port }) => {
  console.log(`Shop API on http://localhost:${port}`)
})

if (import.meta.hot) {
  import.meta.hot.accept('@/app.ts', (next) => {
    if (next) current = next.app
  })
  // before a restart: let the requests under way finish, then free the port
  import.meta.hot.dispose(() => new Promise<void>((resolve) => server.close(() => resolve())))
}
