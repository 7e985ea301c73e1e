/** Streams of events have no end of their own: a client that stayed would hear the old code for ever. */
import { connect as connectHttp2 } from 'node:http2'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../support/child.ts'
import { startVersions } from '../../support/versions.ts'

/** Answers with a stream that its code never ends. */
const answer = `(_, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  setInterval(() => response.write('data: ' + version + '\\n\\n'), 5)
}`

/** Opens a stream. */
type Open = (port: number) => Promise<AsyncIterable<Uint8Array | string>>

const overHttp: Open = async (port) => (await fetch(`http://127.0.0.1:${port}/`)).body!
const overHttp2: Open = async (port) => {
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  onTestFinished(() => session.destroy())
  return session.request({ ':path': '/' }).setEncoding('utf8')
}

const STREAMS: Record<string, { module: string; code?: string; open: Open }> = {
  http: { module: 'node:http', open: overHttp },
  http2: { module: 'node:http2', open: overHttp2 },
  express: {
    module: 'node:http',
    code: `import express from 'express'\nconst listener = express().get('/', ${answer})`,
    open: overHttp,
  },
}

test.each(Object.entries(STREAMS))(
  'a stream of events ends with the server that was replaced, whose close is emitted: %s',
  async (_, { module, code = `const listener = ${answer}`, open }) => {
    const port = await freePort()
    const app = await startVersions(`
      import { createServer } from '${module}'
      ${code}
      createServer(listener).listen(${port}, () => console.log('listens')).on('close', () => console.log('closed ' + version))`)
    for (let version = 1; version <= 3; version++) {
      const heard = new Set<string>()
      let hears = () => {}
      const first = new Promise<void>((resolve) => {
        hears = resolve
      })
      const ended = (async () => {
        const decoder = new TextDecoder()
        for await (const part of await open(port)) {
          for (const [, each] of String(typeof part === 'string' ? part : decoder.decode(part)).matchAll(/(\d+)/g)) {
            heard.add(each!)
          }
          hears()
        }
      })().catch(() => {})
      await first
      await app.update(version)
      await ended
      expect([...heard]).toEqual([String(version - 1)])
      await app.line(new RegExp(`^closed ${version - 1}$`))
    }
  },
)
