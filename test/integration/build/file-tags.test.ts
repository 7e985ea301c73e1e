/** A file that is not the one of the last build is sent, even where an app is packed so that all files have one time. */
import { once } from 'node:events'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ClientFiles, sendFile } from '../../../src/client/production/client-files.ts'
import { answerOf } from '../../../src/client/production/declinable.ts'
import { tempFolder } from '../../support/child.ts'
import { type Answer, ask } from '../../support/requests.ts'

const EPOCH = new Date('1980-01-01T00:00:01Z')

/** One start of a server after a build of `content` for each path. */
async function deploy(files: Record<string, string>): Promise<(path: string, headers?: object) => Promise<Answer>> {
  const folder = tempFolder()
  onTestFinished(folder.remove)
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder.path, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
    utimesSync(file, EPOCH, EPOCH)
  }
  const client = new ClientFiles(folder.path, ['/assets/index-abcdefgh.js'])
  const server = createServer((request, response) => sendFile(request, answerOf(response), client.at(request.url!)!))
  server.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return (path, headers = {}) => ask({ host: '127.0.0.1', port, path, headers: { ...headers } })
}

test('by the tag of a file a client tells two builds apart', async () => {
  const big = 'x'.repeat(2 * 1024 * 1024)
  const of = (hash: string) => ({
    'index.html': `<script type="module" src="/assets/index-${hash}.js"></script>`,
    'config.json': `{ "of": "${hash}" }`,
    'assets/index-abcdefgh.js': 'hashed',
    'film.mp4': big,
  })
  const first = await deploy(of('abcdefgh'))
  const second = await deploy(of('ijklmnop'))
  const again = await deploy(of('abcdefgh'))
  for (const path of ['/index.html', '/config.json']) {
    const { etag } = (await first(path)).headers
    const known = { 'if-none-match': etag, 'if-modified-since': EPOCH.toUTCString() }
    expect([path, (await second(path, known)).status]).toEqual([path, 200])
    expect([path, (await again(path, known)).status]).toEqual([path, 304])
    expect((await first(path, { range: 'bytes=0-2', 'if-range': etag })).status).toBe(206)
    expect((await second(path, { range: 'bytes=0-2', 'if-range': etag })).status).toBe(200)
  }
  for (const path of ['/assets/index-abcdefgh.js', '/film.mp4']) {
    const { etag } = (await first(path)).headers
    expect([path, (await again(path, { 'if-none-match': etag })).status]).toEqual([path, 304])
  }
})
