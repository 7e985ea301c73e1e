import 'reflect-metadata'
import { NestFactory } from '@nestjs/core'
import { AppModule } from './app.module.js'

const port = Number(process.env.PORT ?? 3000)

// In this module's evaluation, so that an application that cannot start is an update that does not happen;
// `abortOnError` would end the process instead.
const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'], abortOnError: false })

// When this module runs again its server takes the port over, and the newest application answers.
await app.listen(port)
console.log(`Tickets API on http://localhost:${port}`)

if (import.meta.hot) {
  import.meta.hot.accept()
  // its `onModuleDestroy` hooks; requests wait until the next application is there
  import.meta.hot.dispose(() => app.close())
}
