import 'reflect-metadata'
import { NestFactory } from '@nestjs/core'
import { AppModule } from './app.module.js'

// In this module's evaluation, so that an application that cannot start is an update that does not happen;
// `abortOnError` would end the process instead.
export const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'], abortOnError: false })
await app.init()
