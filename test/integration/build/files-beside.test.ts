/** A file that the server's code finds beside itself in dev is there in production too. */
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { askAt, build, createFullStack, startAt } from '../../support/built-app.ts'

test("files and threads by new URL('...', import.meta.url)", async () => {
  const project = createFullStack(
    {
      'src/main.ts': `
        import { readFileSync } from 'node:fs'
        import { Worker } from 'node:worker_threads'
        import { version } from './deep/version.ts'
        const read = (url: URL) => { try { return readFileSync(url, 'utf8').trim() } catch (error) { return (error as { code: string }).code } }
        const said = (worker: Worker) => new Promise((resolve) => worker.once('message', resolve).once('error', (error) => resolve(String(error))))
        const run = (url: URL) => said(new Worker(url))
        export default {
          async fetch({ url }: Request) {
            if (new URL(url).pathname !== '/api') return new Response('none', { status: 404 })
            return Response.json([
              read(new URL('./data/a%20b.txt', import.meta.url)),
              read(new URL("data/a%20b.txt", import.meta.url)),
              read(new URL('../templates/mail.html', import.meta.url)),
              read(new URL('./code.js', import.meta.url)),
              read(new URL('./missing.txt', import.meta.url)),
              version,
              await run(new URL('./worker.ts', import.meta.url)),
              await said(new Worker(new URL('./thread.js', import.meta.url))),
            ])
          },
        }
      `,
      'src/deep/version.ts': `
        import { readFileSync } from 'node:fs'
        export const version: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).type
        export const secret = new URL('../../.env', import.meta.url)
      `,
      '.env': 'SECRET=1',
      'src/data/a b.txt': 'text',
      'templates/mail.html': '<p>mail</p>',
      'src/code.js': "import './of-a-browser.js'",
      'src/worker.ts':
        "import { parentPort } from 'node:worker_threads'\nimport { word } from './word.ts'\nparentPort!.postMessage(word as string)",
      'src/thread.js':
        "import { parentPort } from 'node:worker_threads'\nimport { word } from './word.ts'\nparentPort.postMessage(word + '!')",
      'src/word.ts': "export const word = 'word'",
    },
    "{ entry: 'src/main.ts', build: true }",
  )
  await build(project)
  const told = ['text', 'text', '<p>mail</p>', "import './of-a-browser.js'", 'ENOENT', 'module', 'word', 'word!']
  for (const place of ['dev', 'production'] as const) {
    const { port, app } = await startAt(place, project, '/api')
    expect({ place, told: JSON.parse((await askAt(port, '/api')).body) }).toEqual({ place, told })
    await app.end()
  }
  const emitted = readdirSync(project.path('dist/server'), { recursive: true }) as string[]
  expect(emitted.filter((name) => /env|secret/i.test(name))).toEqual([])
}, 60_000)
