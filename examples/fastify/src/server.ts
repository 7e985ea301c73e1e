import { buildApp } from './app.ts'

const port = Number(process.env.PORT ?? 3000)

// In this module's evaluation: plugins that cannot be loaded are an update that does not happen.
const app = await buildApp()

// When this module runs again its server takes the port over, and the newest app answers.
await app.listen({ port, host: '0.0.0.0' })
console.log(`Notes API on http://localhost:${port}`)

if (import.meta.hot) {
  import.meta.hot.accept()
  // its `onClose` hooks; requests wait until the next app is there
  import.meta.hot.dispose(() => app.close())
}
