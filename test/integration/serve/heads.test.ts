import { get, type IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { LISTENING, startFullStack } from '../../support/full-stack.ts'

/** Characters of a header, in an app that answers upgrades too. */
const MANY = 60_000

const answering = `
  import { createServer } from 'node:http'
  const heads = { 'x-many': 'm'.repeat(${MANY}), 'x-latin': 'caf\\u00e9' }
  createServer((_, response) => response.writeHead(200, heads).end('answered'))
    .on('upgrade', (_, socket) => {
      const lines = Object.entries(heads).map(([name, value]) => name + ': ' + value + '\\r\\n').join('')
      socket.end('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n' + lines + '\\r\\n', 'latin1')
    })
    .listen(0, '127.0.0.1')
`

test.each([
  ['an answer', {}],
  ['an upgrade', { connection: 'Upgrade', upgrade: 'echo' }],
])('the head of %s comes as the app has sent it, however long and with letters of its own', async (_, headers) => {
  const stack = await startFullStack({ ...LISTENING, 'src/main.ts': answering })
  await stack.serving()
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port: stack.port, path: '/x', headers, maxHeaderSize: 2 * MANY }, resolve)
      .on('upgrade', resolve)
      .on('error', reject)
  })
  answer.destroy()
  expect(answer.statusCode).toBe('upgrade' in headers ? 101 : 200)
  expect(answer.headers['x-many']).toHaveLength(MANY)
  expect(answer.headers['x-latin']).toBe('café')
})
