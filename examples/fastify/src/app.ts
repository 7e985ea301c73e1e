import { join } from 'node:path'
import autoload from '@fastify/autoload'
import fastify from 'fastify'
import { notFound } from './errors.ts'

export const app = fastify({ logger: { level: 'warn' } })

app.setNotFoundHandler(notFound)
app.register(autoload, { dir: join(import.meta.dirname, 'plugins') })
app.register(autoload, { dir: join(import.meta.dirname, 'routes') })

// in this module's evaluation: plugins that cannot be loaded are an update that does not happen
await app.ready()
