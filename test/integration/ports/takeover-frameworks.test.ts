/** Frameworks that listen as their guides say: an update in place needs one line of the app, and no client sees it. */
import { io } from 'socket.io-client'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, until } from '../../support/child.ts'
import { ask } from '../../support/requests.ts'
import { startVersionClients, startVersions } from '../../support/versions.ts'

interface Framework {
  code: (port: number) => string
  path?: string
}

const FRAMEWORKS: Record<string, Framework> = {
  express: {
    code: (port) => `
      import express from 'express'
      express().get('/', (_, response) => void response.send(version)).listen(${port}, () => console.log('listens'))`,
  },
  'fastify in an async function that nobody awaits': {
    code: (port) => `
      import Fastify from 'fastify'
      const app = Fastify()
      app.get('/', () => version)
      const begin = async () => { await app.listen({ port: ${port}, host: '127.0.0.1' }); console.log('listens') }
      begin()`,
  },
  'fastify, awaited': {
    code: (port) => `
      import Fastify from 'fastify'
      const app = Fastify()
      app.get('/', () => version)
      await app.listen({ port: ${port}, host: '127.0.0.1' })
      console.log('listens')`,
  },
  'hono on node-server': {
    code: (port) => `
      import { serve } from '@hono/node-server'
      import { Hono } from 'hono'
      serve({ fetch: new Hono().get('/', (c) => c.text(version)).fetch, port: ${port} }, () => console.log('listens'))`,
  },
  'Nest, bootstrap() not awaited': {
    code: (port) => `
      import 'reflect-metadata'
      import { Controller, Get, Module } from '@nestjs/common'
      import { NestFactory } from '@nestjs/core'
      @Controller() class Versions { @Get() get() { return version } }
      @Module({ controllers: [Versions] }) class App {}
      async function bootstrap() {
        const app = await NestFactory.create(App, { logger: false })
        await app.listen(${port})
        console.log('listens')
      }
      bootstrap()`,
  },
  koa: {
    code: (port) => `
      import Koa from 'koa'
      const app = new Koa()
      app.use((context) => { context.body = version })
      app.listen(${port}, () => console.log('listens'))`,
  },
  "h3 on node's server": {
    code: (port) => `
      import { createServer } from 'node:http'
      import { H3, toNodeListener } from 'h3'
      const app = new H3().get('/', () => version)
      createServer(toNodeListener(app)).listen(${port}, () => console.log('listens'))`,
  },
  'h3, served by itself': {
    code: (port) => `
      import { H3, serve } from 'h3'
      const server = serve(new H3().get('/', () => version), { port: ${port}, silent: true })
      await server.ready()
      console.log('listens')`,
  },
  "tRPC's standalone server": {
    code: (port) => `
      import { initTRPC } from '@trpc/server'
      import { createHTTPServer } from '@trpc/server/adapters/standalone'
      const { router, procedure } = initTRPC.create()
      const server = createHTTPServer({ router: router({ version: procedure.query(() => version) }) })
      server.listen(${port}, () => console.log('listens'))`,
    path: '/version',
  },
  'graphql-yoga': {
    code: (port) => `
      import { createServer } from 'node:http'
      import { createSchema, createYoga } from 'graphql-yoga'
      const schema = createSchema({
        typeDefs: 'type Query { version: String }',
        resolvers: { Query: { version: () => version } },
      })
      createServer(createYoga({ schema, logging: false })).listen(${port}, () => console.log('listens'))`,
    path: '/graphql?query={version}',
  },
}

test.each(Object.entries(FRAMEWORKS))(
  '%s: 20 updates under load, none fails and none is answered by old code',
  async (_, { code, path = '/' }) => {
    const port = await freePort()
    const app = await startVersions(code(port))
    const clients = startVersionClients(app, port, path)
    for (let version = 1; version <= 20; version++) {
      await app.update(version)
      expect((await ask({ port, host: '127.0.0.1', path })).body).toMatch(new RegExp(`\\b${version}\\b`))
    }
    const { count, wrong } = await clients.end()
    expect(wrong).toEqual([])
    expect(count).toBeGreaterThan(20)
  },
  90_000,
)

test.each([
  ['over a WebSocket', ['websocket']],
  ['over polling that becomes a WebSocket', ['polling', 'websocket']],
])(
  'a client of socket.io comes again once for each of 20 updates, and hears the new code: %s',
  async (_, transports) => {
    const port = await freePort()
    const app = await startVersions(`
      import { createServer } from 'node:http'
      import { Server } from 'socket.io'
      const server = createServer((_, response) => response.end(version))
      new Server(server).on('connection', (socket) => {
        socket.emit('version', version)
        socket.on('ask', (answer) => answer(version))
      })
      server.listen(${port}, () => console.log('listens'))`)
    const socket = io(`http://127.0.0.1:${port}`, { transports, reconnectionDelay: 10, forceNew: true })
    onTestFinished(() => void socket.disconnect())
    const heard: string[] = []
    socket.on('version', (version) => heard.push(version))
    const clients = startVersionClients(app, port, '/')
    for (let version = 1; version <= 20; version++) {
      await until(() => socket.io.engine?.transport.name === 'websocket' && heard.length === version, 'its WebSocket')
      await app.update(version)
      await until(() => heard.length > version, 'the new code')
      expect(await socket.emitWithAck('ask')).toBe(String(version))
    }
    expect(heard).toEqual(Array.from({ length: 21 }, (_, version) => String(version)))
    expect((await clients.end()).wrong).toEqual([])
  },
  90_000,
)
