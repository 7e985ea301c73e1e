import { listen } from 'vite-tether/keep'
import { buildApp } from './app.ts'

const port = Number(process.env.PORT ?? 3000)

// In this module's evaluation: plugins that cannot be loaded are an update that does not happen.
const app = await buildApp()

// Fastify's own server, which does not listen itself. The port stays open; when this module runs again, the newest app answers.
listen(app.server, port, () => console.log(`Notes API on http://localhost:${port}`))

if (import.meta.hot) {
  import.meta.hot.accept()
  // its `onClose` hooks; requests wait until the next app is there
  import.meta.hot.dispose(() => app.close())
}
