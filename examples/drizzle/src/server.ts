import { serve } from '@hono/node-server'
import { app } from './app.ts'

const port = Number(process.env.PORT ?? 3000)

// When this module runs again its server takes the port over, and the newest app answers.
serve({ fetch: app.fetch, port }, () => console.log(`Library API on http://localhost:${port}`))

import.meta.hot?.accept()
