/** `vite preview` keeps to Vite's options of a preview in front of the server that was built. */
import { once } from 'node:events'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { build, createFullStack, runVite } from '../../support/built-app.ts'
import { FRONT } from '../../support/built-cases.ts'
import { freePort, until } from '../../support/child.ts'
import { createCertificate } from '../../support/network.ts'

test('preview.https and preview.headers', async () => {
  const { key, cert } = createCertificate('127.0.0.1')
  const project = createFullStack(
    {
      ...FRONT,
      'key.pem': key.toString(),
      'cert.pem': cert.toString(),
      'src/main.ts': `
        import { WebSocketServer } from 'ws'
        const sockets = new WebSocketServer({ noServer: true })
        export const upgrade = (...args) => sockets.handleUpgrade(...args, (client) => client.send('hello'))
        export default function (request, response) {
          if (request.url === '/missing') return response.writeHead(404, { 'x-both': 'of the app' }).end('none')
          response.end(request.headers['x-forwarded-proto'])
        }
      `,
    },
    "{ entry: 'src/main.ts', build: true }",
    "preview: { https: { key: 'key.pem', cert: 'cert.pem' }, headers: { 'x-preview': 'yes', 'x-both': 'of Vite' } }",
  )
  await build(project)
  const port = await freePort()
  const preview = runVite(project, 'preview', '--port', String(port), '--strictPort', '--host', '127.0.0.1')
  const at = { host: '127.0.0.1', port, rejectUnauthorized: false }
  const get = async (path: string) => {
    const asked = request({ ...at, path, agent: false }).end()
    const [response] = await once(asked, 'response')
    const { 'x-preview': ours, 'x-both': both } = response.headers
    return [response.statusCode, ours, both, (await text(response)).slice(0, 20)]
  }
  await until(async () => (await get('/api').catch(() => []))[0] === 200, 'the preview to answer')
  expect(await get('/api')).toEqual([200, 'yes', 'of Vite', 'https'])
  expect(await get('/logo.svg')).toEqual([200, 'yes', 'of Vite', '<svg>logo of public<'])
  expect(await get('/missing')).toEqual([404, 'yes', 'of the app', 'none'])

  const client = new WebSocket(`wss://127.0.0.1:${port}/`, at)
  expect(String((await once(client, 'message'))[0])).toBe('hello')
  const closed = once(client, 'close')
  process.kill(preview.pid, 'SIGTERM')
  expect((await closed)[0]).toBe(1001)
  await preview.exited
}, 60_000)
