import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { formatHint } from '../../../../src/server/terminal/accept-hint.ts'

const hint = (...imports: string[]) => stripVTControlCharacters(formatHint('src/main.ts', new Set(imports)))

test.each([
  [
    'Nest',
    ['@nestjs/core', '@nestjs/platform-express'],
    /listen\(app\.getHttpServer\(\), 3000\) \/\/ instead of app\.listen\(3000\)/,
  ],
  [
    'Fastify',
    ['fastify', '@fastify/cors'],
    /await app\.ready\(\)\n {4}listen\(app\.server, 3000\) \/\/ instead of app\.listen\(\{ port: 3000 \}\)/,
  ],
  ['Hono', ['hono', '@hono/node-server'], /listen\(getRequestListener\(app\.fetch\), 3000\) \/\/ instead of serve\(/],
  ['socket.io', ['socket.io', 'http', 'express'], /instead of server\.listen\(3000\)\n.*io\.disconnectSockets\(true\)/],
  ['Koa', ['koa', 'koa-router'], /listen\(app\.callback\(\), 3000\) \/\/ instead of app\.listen\(3000\)/],
  ['Express', ['express', 'node:fs'], /listen\(app, 3000\) \/\/ instead of app\.listen\(3000\)/],
  ['Express', ['express', 'http'], /listen\(app, 3000\)/],
  ['node:http', ['node:http'], /listen\(server, 3000\) \/\/ instead of server\.listen\(3000\)/],
  ['node:http', ['http'], /listen\(server, 3000\)/],
])('the accept hint speaks the language of %s to an app that imports %j', (name, imports, lines) => {
  expect(hint(...imports)).toMatch(
    /^nothing in this app accepts updates, so each save restarts it\. To update it in place, add to src\/main\.ts:\n {4}import\.meta\.hot\?\.accept\(\) \/\/ this file may run again\n/,
  )
  expect(hint(...imports)).toContain(`and where ${name} listens, so that new code takes its port over:\n`)
  expect(hint(...imports)).toMatch(lines)
})

test.each([
  ['opens no port', []],
  ['has a framework that is not known', ['@hapi/hapi']],
  ['uses TLS', ['express', 'node:https']],
  ['has a server that is not HTTP', ['node:net']],
  ['has Nest on Fastify, whose server is not ready after init()', ['@nestjs/core', '@nestjs/platform-fastify']],
  ['has Hono without its server for Node', ['hono']],
])('the accept hint says nothing of a port to an app that %s', (_, imports) => {
  expect(hint(...imports)).toMatch(/import\.meta\.hot\.dispose\(\) has to close$/)
  expect(hint(...imports)).not.toContain('listen')
})

test('the accept hint says nothing of a port to an app that keeps it already', () => {
  expect(hint('express', 'vite-tether/keep')).toMatch(/this file may run again$/)
})
