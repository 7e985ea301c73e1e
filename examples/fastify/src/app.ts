import { join } from 'node:path'
import autoload from '@fastify/autoload'
import fastify, { type FastifyInstance } from 'fastify'
import { notFound } from './errors.ts'

export async function buildApp(): Promise<FastifyInstance> {
  const app = fastify({ logger: { level: 'warn' } })
  app.setNotFoundHandler(notFound)
  app.register(autoload, { dir: join(import.meta.dirname, 'plugins') })
  app.register(autoload, { dir: join(import.meta.dirname, 'routes') })
  await app.ready()
  return app
}
