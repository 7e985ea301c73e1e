/** Apps of frameworks behind the built pages: what they answer with 404 becomes a page where Vite has one. */
import { Agent } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { build, createFullStack, startAt } from '../../support/built-app.ts'
import { ask } from '../../support/requests.ts'

const HTML = { accept: 'text/html' }

const FRAMEWORKS: Record<string, string> = {
  express: `
    import express from 'express'
    const app = express()
    app.get('/api', (_, response) => response.send('app'))
    export default app
  `,
  koa: `
    import Koa from 'koa'
    const app = new Koa()
    app.use((context) => { if (context.path === '/api') context.body = 'app' })
    export default app
  `,
  fastify: `
    import Fastify from 'fastify'
    const app = Fastify()
    app.get('/api', async () => 'app')
    export default app
  `,
  h3: `
    import { H3 } from 'h3'
    export default new H3().get('/api', () => 'app')
  `,
  hono: `
    import { Hono } from 'hono'
    export default new Hono().get('/api', (context) => context.text('app'))
  `,
  'a handler that streams': `
    export default (request, response) => {
      response.on('finish', () => globalThis.finished = (globalThis.finished ?? 0) + 1)
      if (request.url === '/api') return response.end('app')
      response.setHeader('set-cookie', 'a=1')
      response.statusMessage = 'Nothing Here'
      response.statusCode = 404
      response.write('nothing ', () => response.end('of the app', () => response.destroyed))
    }
  `,
  'an app that listens late, beside what it exports': `
    import { createServer } from 'node:http'
    const answer = (request, response) => {
      if (request.url !== '/api') response.writeHead(404)
      response.end(request.url === '/api' ? 'app' : 'none')
    }
    export default (_, response) => response.writeHead(503).end('not yet')
    setTimeout(() => createServer(answer).listen(process.env.PORT, '127.0.0.1'), 300)
  `,
}

test.each(Object.entries(FRAMEWORKS))(
  '%s',
  async (_, main) => {
    const project = createFullStack(
      { 'index.html': '<!doctype html><title>front page</title>', 'src/main.ts': main },
      "{ entry: 'src/main.ts', build: true }",
    )
    await build(project)
    const { port } = await startAt('production', project, '/api')
    // one after the other on one connection: an answer that is left open would hold up the next one
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const told = async (path: string, headers: Record<string, string>, method = 'GET') => {
      const { status, headers: got, body } = await ask({ host: '127.0.0.1', port, path, headers, method, agent })
      return [status, /front page|^app$/.exec(body)?.[0] ?? '', got['set-cookie'] ?? []]
    }
    for (let round = 0; round < 2; round++) {
      expect(await told('/deep/link', HTML)).toEqual([200, 'front page', []])
      expect(await told('/deep/link', HTML, 'HEAD')).toEqual([200, '', []])
      expect(await told('/api', HTML)).toEqual([200, 'app', []])
      expect((await told('/deep/link', {}))[0]).toBe(404)
      expect((await told('/deep/link', HTML, 'POST'))[0]).toBe(404)
    }
  },
  60_000,
)
