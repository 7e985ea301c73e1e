/** A built server finds its files wherever it lies, and says where it cannot listen. */
import { cpSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
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
  rmSync(join(moved, 'we%20b c#1?é'), { recursive: true })
  const alone = await startAt('production', project, '/api', join(moved, 'a#b%20'))
  expect((await askAt(alone.port, '/', HTML)).status).toBe(404)
  expect(alone.app.text).toMatch(
    /Found none of the pages that were built, only the app answers: expected them in .*we%20b c#1\?é/,
  )
  await alone.app.end()
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

test.each(['./', '', '/app/'])(
  'what code of the server has the URL of is served, with base "%s"',
  async (base) => {
    const project = createFullStack(
      {
        ...FRONT,
        'src/main.ts': `
        import both from '../client/logo.png'
        import own from './own.png'
        import report from './report.txt?url'
        import open from '/shadow.txt?url'
        import raw from './private.txt?raw'
        import './own.css'
        const { BASE_URL } = import.meta.env
        export default {
          fetch({ url }) {
            if (new URL(url).pathname !== BASE_URL + 'api') return new Response('none', { status: 404 })
            return Response.json({ base: BASE_URL, private: raw.length, urls: [both, own, report, open] })
          },
        }
      `,
        'src/own.png': 'o'.repeat(5000),
        'src/report.txt': 'r'.repeat(5000),
        'src/private.txt': 'p'.repeat(5000),
        'src/own.css': 'body { color: blue }',
      },
      "{ entry: 'src/main.ts', build: true }",
      `base: '${base}'`,
    )
    await build(project)
    const path = base.startsWith('/') ? base : '/'
    for (const place of ['dev', 'production'] as const) {
      const { port, app } = await startAt(place, project, `${path}api`)
      const told = JSON.parse((await askAt(port, `${path}api`)).body)
      expect({ place, base: told.base, private: told.private }).toEqual({ place, base: path, private: 5000 })
      const bodies = told.urls.map(async (url: string) => (await askAt(port, url)).body.slice(0, 2))
      expect({ place, bodies: await Promise.all(bodies) }).toEqual({ place, bodies: ['xx', 'oo', 'rr', 'sh'] })
      await app.end()
    }
    const names = (folder: string) =>
      readdirSync(project.path(`dist/${folder}/assets`)).map((name) => name.replace(/-.*\./, '.'))
    expect(names('client').sort()).toEqual(['index.css', 'index.js', 'logo.png', 'own.png', 'report.txt'])
    expect(names('server').filter((name) => !name.startsWith('main.'))).toEqual([])
  },
  60_000,
)

test('public files that are links, of an app without pages', async () => {
  const project = createFullStack(
    { ...app, 'public/plain.txt': 'plain', 'shared/a.txt': 'linked' },
    "{ entry: 'src/main.ts', build: true }",
  )
  symlinkSync(project.path('shared'), project.path('public/folder'), 'junction')
  await build(project)
  const { port } = await startAt('production', project, '/api')
  expect((await askAt(port, '/plain.txt')).body).toBe('plain')
  expect((await askAt(port, '/folder/a.txt')).body).toBe('linked')
}, 60_000)
