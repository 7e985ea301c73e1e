/** One request whose answer fails ends no other: the error is printed once, and nothing of it is sent. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { listenerOf } from '../../../src/client/serve/listener-of.ts'
import { recognise } from '../../../src/client/serve/recognise.ts'
import { ask } from '../../support/requests.ts'

/** A server of what an entry exports. */
async function serve(exports: Record<string, unknown>): Promise<number> {
  const answerer = recognise(exports as never, true)!
  const server = createServer(listenerOf(answerer)).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const error = new Error('a detail of the app')

const FAILING: Record<string, RequestListener> = {
  'throws at once': () => {
    throw error
  },
  'throws later': async () => {
    await new Promise(setImmediate)
    throw error
  },
  'rejects with what is no error': async () => Promise.reject('a detail of the app'),
}

const EXPORTS: Record<string, (handle: RequestListener) => Record<string, unknown>> = {
  'a handler': (handle) => ({ default: handle }),
  'an app of connect': (handle) => ({ default: Object.assign(handle, { handle, use() {} }) }),
  'the callback of Koa': (handle) => ({ default: { callback: () => handle, use() {} } }),
  'an app of Fastify': (handle) => ({ default: { routing: handle, ready: async () => {} } }),
  fetch: (handle) => ({ default: { fetch: () => (handle as () => unknown)() } }),
}

test.each(Object.entries(EXPORTS))('%s that fails', async (_, exportOf) => {
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => printed.mockRestore())
  for (const [what, failing] of Object.entries(FAILING)) {
    const port = await serve(exportOf(failing))
    printed.mockClear()
    for (let round = 1; round < 3; round++) {
      const { status, body } = await ask({ host: '127.0.0.1', port, path: '/' })
      expect([what, status, body]).toEqual([what, 500, 'Internal Server Error'])
      expect(printed).toHaveBeenCalledTimes(round)
    }
  }
})

test('an answer that has begun is broken off, one that has ended stays', async () => {
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => printed.mockRestore())
  const port = await serve({
    async default({ url }: IncomingMessage, response: ServerResponse) {
      response.write('begun')
      if (url === '/ended') response.end(' and ended')
      else await new Promise<void>((resolve) => response.write(' and sent', () => resolve()))
      throw error
    },
  })
  expect((await ask({ host: '127.0.0.1', port, path: '/ended' })).body).toBe('begun and ended')
  await expect(ask({ host: '127.0.0.1', port, path: '/begun' })).rejects.toThrow()
  expect(printed).toHaveBeenCalledTimes(2)
})
