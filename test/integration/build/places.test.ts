/** A built server finds its files wherever it lies, and says where it cannot listen. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { askAt, build, createFullStack, runBuilt, startAt } from '../../support/built-app.ts'
import { FRONT } from '../../support/built-cases.ts'
import { tempFolder } from '../../support/child.ts'

const HTML = { accept: 'text/html' }

const app = {
  'src/main.ts': `
    export default {
      fetch: ({ url }) => new URL(url).pathname === '/api' ? new Response('api') : new Response('none', { status: 404 }),
    }
  `,
}

test('folders whose names would be something else in a URL, and another place without what was installed', async () => {
  const project = createFullStack(
    { ...FRONT, ...app },
    "{ entry: 'src/main.ts', build: true }",
    "environments: { client: { build: { outDir: 'out/we%20b c#1?é' } }, ssr: { build: { outDir: 'out/a#b%20' } } }",
  )
  await build(project)
  const elsewhere = tempFolder()
  onTestFinished(elsewhere.remove)
  const moved = join(elsewhere.path, 'de%20ploy #1')
  cpSync(project.path('out'), moved, { recursive: true })
  for (const folder of [project.path('out'), moved]) {
    const { port, app: running } = await startAt('production', project, '/api', join(folder, 'a#b%20'))
    const { body } = await askAt(port, '/', HTML)
    expect(body).toContain('front page')
    expect((await askAt(port, /src="([^"]+)"/.exec(body)![1]!)).body).toContain('module of the page')
    await running.end()
  }
  for (const [env, said] of [
    [
      { HOST: 'no-such-host.invalid', PORT: '0' },
      /^\[vite-tether\] Expected port 0 of no-such-host\.invalid to be one/,
    ],
    [
      { HOST: '203.0.113.1', PORT: '0' },
      /^\[vite-tether\] Expected port 0 of 203\.0\.113\.1 to be .*EADDRNOTAVAIL.*\.\n$/,
    ],
  ] as const) {
    const running = runBuilt(project, env, 'out/a#b%20')
    expect((await running.exited).code).toBe(1)
    expect(running.text).toMatch(said)
  }
}, 60_000)
