import { listen } from 'vite-tether/keep'
import { app } from './app.ts'

const port = Number(process.env.PORT ?? 3000)

// An Express app is a request handler. The port stays open; when this module runs again, the newest app answers.
listen(app, port, () => console.log(`Links API on http://localhost:${port}`))

import.meta.hot?.accept()
