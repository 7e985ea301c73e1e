import { getRequestListener } from '@hono/node-server'
import { listen } from 'vite-tether/keep'
import { app } from '@/app.ts'

const port = Number(process.env.PORT ?? 3000)

// The port stays open for as long as the process lives; when this module runs again, the newest app answers.
listen(getRequestListener(app.fetch), port, () => console.log(`Shop API on http://localhost:${port}`))

import.meta.hot?.accept()
