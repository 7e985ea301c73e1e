/** Middleware that has put itself in front of the functions of a response finds them there to the end, whoever answers. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { unlessMissing } from '../../../src/client/production/declinable.ts'

type Middleware = (response: ServerResponse) => void

/** As the package `compression`: both functions are kept, and are called when the compressed bytes are there. */
const compressed: Middleware = (response) => {
  const { write, end, writeHead } = response
  const gzip = createGzip()
  let isHeadSet = false
  const begin = () => {
    if (!isHeadSet) response.writeHead(response.statusCode)
  }
  gzip.on('data', (chunk) => Reflect.apply(write, response, [chunk]))
  gzip.on('end', () => Reflect.apply(end, response, []))
  Object.assign(response, {
    writeHead(...args: [number]) {
      isHeadSet = true
      response.removeHeader('content-length')
      response.setHeader('content-encoding', 'gzip')
      return Reflect.apply(writeHead, response, args)
    },
    write(chunk: string) {
      begin()
      return gzip.write(chunk)
    },
    end(chunk?: string) {
      begin()
      return gzip.end(chunk)
    },
  })
}

/** As `express-session`: what ends the answer is called again when the session is saved. */
const saved: Middleware = (response) => {
  const { write, end } = response
  response.end = ((chunk?: string) => {
    if (chunk) Reflect.apply(write, response, [chunk])
    setImmediate(() => Reflect.apply(end, response, []))
    return response
  }) as never
}

/** As `on-headers`. */
const stamped: Middleware = (response) => {
  const { writeHead } = response
  response.writeHead = ((...args: [number]) => {
    response.setHeader('x-time', '1')
    return Reflect.apply(writeHead, response, args)
  }) as never
}

const MIDDLEWARE: Record<string, Middleware[]> = {
  'that compresses': [compressed],
  'that saves a session': [saved],
  'that sets headers at the last moment': [stamped],
  'of all kinds': [stamped, saved, compressed],
}

const ANSWERS: Record<string, (response: ServerResponse) => unknown> = {
  '/missing/whole': (response) => {
    response.statusCode = 404
    response.setHeader('content-length', 4)
    response.end('none')
  },
  '/missing/head': (response) => response.writeHead(404).end('none'),
  '/missing/parts': (response) => {
    response.statusCode = 404
    Readable.from(['no', 'ne']).pipe(response)
  },
  '/whole': (response) => response.end('one two three'),
  '/parts': async (response) => {
    for (const part of ['one ', 'two ']) {
      response.write(part)
      await new Promise(setImmediate)
    }
    response.end('three')
  },
  '/piped': (response) => Readable.from(['one ', 'two ', 'three']).pipe(response),
  '/flushed': (response) => {
    response.flushHeaders()
    response.end('one two three')
  },
}

test.each(Object.entries(MIDDLEWARE))('middleware %s', async (_, middleware) => {
  const server = createServer((request: IncomingMessage, response) => {
    const app = () => {
      for (const each of middleware) each(response)
      ANSWERS[request.url!]!(response)
    }
    unlessMissing(response, app, (answer) => answer.head(200, { 'content-type': 'text/html' }).end('front page'))
  })
  server.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  for (const path of Object.keys(ANSWERS)) {
    if (path === '/flushed' && middleware.includes(compressed)) continue
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    const expected = path.startsWith('/missing') ? 'front page' : 'one two three'
    expect([path, response.status, await response.text()]).toEqual([path, 200, expected])
  }
})
