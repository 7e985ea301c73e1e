/** Where a build goes, and that nothing of the server is ever sent to a browser. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { askAt, build, createFullStack, startAt } from '../../support/built-app.ts'
import { FRONT } from '../../support/built-cases.ts'
import { tempFolder } from '../../support/child.ts'
import type { Project } from '../../support/project.ts'

const HTML = { accept: 'text/html' }

const app = {
  'src/main.ts': `
    const secret = 'a secret of the server'
    export default {
      fetch: ({ url }) => new URL(url).pathname.endsWith('/api') ? new Response('api ' + secret.length) : new Response('none', { status: 404 }),
    }
  `,
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(folder.length))
    .sort()
}

/** Names without what changes with the content. */
const plain = (names: string[]) => names.map((name) => name.replace(/-[\w-]{8}(?=\.)/, '')).sort()

test("without the option nobody's build changes", async () => {
  const project = createFullStack({ ...FRONT, ...app }, "{ entry: 'src/main.ts' }")
  await build(project)
  const withPlugin = filesIn(project.path('dist')).map((name) => [name, project.read(`dist${name}`)])
  project.write('vite.config.ts', "export default { cacheDir: '.vite' }")
  await build(project)
  expect(filesIn(project.path('dist')).map((name) => [name, project.read(`dist${name}`)])).toEqual(withPlugin)
  expect(plain(withPlugin.map(([name]) => name!))).not.toContain('/server/index.js')
}, 60_000)

/** Ways to name files of the server, relative to the folder that is served. */
const ways = (name: string) => [
  `/server${name}`,
  `/dist/server${name}`,
  `/../server${name}`,
  `/assets/../../server${name}`,
  `/%2e%2e/server${name}`,
  `/%2e%2e%2fserver${name.replaceAll('/', '%2f')}`,
  `/..%5cserver${name.replaceAll('/', '%5c')}`,
  `/%252e%252e/server${name}`,
  `//../server${name}`,
  `/..%00/server${name}`,
  `/@fs${name}`,
]

test('no file of the server is sent to anybody, by whatever path, and a second build leaves both folders whole', async () => {
  const project = createFullStack({ ...FRONT, ...app }, "{ entry: 'src/main.ts', build: true }")
  await build(project)
  const first = plain(filesIn(project.path('dist')))
  project.write('dist/client/assets/old-abcdefgh.js', 'old')
  project.write('dist/server/assets/old-abcdefgh.js', 'old')
  project.edit('src/main.ts', 'a secret', 'another secret')
  await build(project)
  expect(plain(filesIn(project.path('dist')))).toEqual(first)
  expect(first).toEqual([
    ...['/client/api/both.txt', '/client/assets/index.css', '/client/assets/index.js', '/client/assets/logo.png'],
    ...['/client/index.html', '/client/logo.svg', '/client/shadow.txt'],
    ...['/server/assets/main.js', '/server/assets/main.js.map'],
    ...['/server/index.js', '/server/index.js.map', '/server/package.json'],
  ])
  for (const place of ['preview', 'production'] as const) {
    const { port, app } = await startAt(place, project, '/api')
    const answers = filesIn(project.path('dist/server')).flatMap((name) =>
      ways(name).map(async (path) => {
        const { status, body } = await askAt(port, path)
        return [
          path,
          [404, 400].includes(status) && ['none', 'Bad Request'].includes(body) ? 'nothing' : `${status} ${body}`,
        ]
      }),
    )
    const told = await Promise.all(answers)
    expect(told.filter(([, answer]) => answer !== 'nothing')).toEqual([])
    expect(told.length).toBeGreaterThan(40)
    await app.end()
  }
}, 60_000)

test('files have types, tags, parts and lifetimes; nonsense is ignored', async () => {
  const project = createFullStack(
    {
      ...FRONT,
      ...app,
      'public/hero-original.png': 'no hash',
      'public/.hidden': 'x',
      'public/.well-known/y.txt': 'y',
      'public/a b.txt': 'spaced',
    },
    "{ entry: 'src/main.ts', build: true }",
  )
  await build(project)
  const { port } = await startAt('production', project, '/api')
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') => askAt(port, path, headers, method)
  const [script] = filesIn(project.path('dist/client')).filter((name) => name.endsWith('.js'))
  expect((await get(script!)).headers).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    'content-type': 'text/javascript',
  })
  for (const path of ['/hero-original.png', '/', '/logo.svg']) {
    const { headers } = await get(path, HTML)
    expect([path, headers['cache-control']]).toEqual([path, 'no-cache'])
    expect((await get(path, { ...HTML, 'if-none-match': `"other", ${headers.etag}` })).status).toBe(304)
    expect((await get(path, { ...HTML, 'if-modified-since': headers['last-modified']! })).status).toBe(304)
  }
  expect((await get('/.hidden')).status).toBe(404)
  expect((await get('/.well-known/y.txt')).body).toBe('y')
  expect((await get('/a%20b.txt')).body).toBe('spaced')
  const parts = [
    'bytes=0-2',
    'bytes=3-',
    'bytes=-3',
    'bytes=5-99',
    'bytes=99-',
    'bytes=3-2',
    'bytes=x',
    'lines=1-2',
    'bytes=0-1,3-4',
  ]
  const told = parts.map(async (range) => {
    const { status, headers, body } = await get('/hero-original.png', { range })
    return [range, status, headers['content-range'], body]
  })
  expect(await Promise.all(told)).toEqual([
    ['bytes=0-2', 206, 'bytes 0-2/7', 'no '],
    ['bytes=3-', 206, 'bytes 3-6/7', 'hash'],
    ['bytes=-3', 206, 'bytes 4-6/7', 'ash'],
    ['bytes=5-99', 206, 'bytes 5-6/7', 'sh'],
    ['bytes=99-', 416, 'bytes */7', ''],
    ...['bytes=3-2', 'bytes=x', 'lines=1-2', 'bytes=0-1,3-4'].map((range) => [range, 200, undefined, 'no hash']),
  ])
  expect(await get('/hero-original.png', {}, 'HEAD')).toMatchObject({
    status: 200,
    body: '',
    headers: { 'content-length': '7' },
  })
  project.remove('dist/client/logo.svg')
  expect((await get('/logo.svg')).status).toBe(404)
  expect((await get('/api')).body).toBe('api 22')
}, 60_000)

const LAYOUTS: [what: string, config: (outside: string) => string, args: string[], client: string, server: string][] = [
  [
    'a folder of the option, with names for files of the client',
    () => "build: { outDir: 'out/web', rolldownOptions: { output: { entryFileNames: 'x/[name].js' } } }",
    [],
    'out/web/client',
    'out/web/server',
  ],
  ['a folder of the flag', () => '', ['--outDir', 'out'], 'out/client', 'out/server'],
  ['a folder elsewhere', (outside) => `build: { outDir: '${outside}', emptyOutDir: true }`, [], '/client', '/server'],
  [
    'a folder for each',
    () => "environments: { client: { build: { outDir: 'web' } }, ssr: { build: { outDir: 'api/built' } } }",
    [],
    'web',
    'api/built',
  ],
]

test.each(LAYOUTS)(
  '%s',
  async (_, config, args, client, server) => {
    const outside = tempFolder()
    onTestFinished(outside.remove)
    const at = (folder: string) => (folder.startsWith('/') ? outside.path + folder : folder)
    const project = createFullStack({ ...FRONT, ...app }, "{ entry: 'src/main.ts', build: true }", config(outside.path))
    await build(project, ...args)
    await build(project, ...args)
    const { port } = await startAt('production', project, '/api', at(server))
    expect((await askAt(port, '/', HTML)).body).toContain('front page')
    const page = (await askAt(port, '/', HTML)).body
    const [, script] = /src="([^"]+)"/.exec(page)!
    expect((await askAt(port, script!)).body).toContain('module of the page')
    expect(existsSync(join(at(client).startsWith('/') ? '' : project.root, at(client), 'index.html'))).toBe(true)
  },
  60_000,
)

/** Asks as the pages of a project are asked, in production. */
async function pages(project: Project, paths: string[]): Promise<Record<string, string>> {
  const { port, app } = await startAt('production', project, '/api')
  const answers = paths.map(async (path) => {
    const { status, body } = await askAt(port, path, HTML)
    return [path, `${status} ${/front page|about page|none|logo of public/.exec(body)?.[0] ?? body}`]
  })
  const told = Object.fromEntries(await Promise.all(answers)) as Record<string, string>
  await app.end()
  return told
}

test('an app without pages, and types of apps with several', async () => {
  const api = createFullStack(
    { ...app, 'public/logo.svg': FRONT['public/logo.svg']! },
    "{ entry: 'src/main.ts', build: true }",
  )
  await build(api)
  expect(filesIn(api.path('dist/client'))).toEqual(['/logo.svg'])
  expect(await pages(api, ['/', '/logo.svg'])).toEqual({ '/': '404 none', '/logo.svg': '200 logo of public' })

  const several = createFullStack(
    { ...FRONT, ...app },
    "{ entry: 'src/main.ts', build: true }",
    "appType: process.env.APP_TYPE, build: { rolldownOptions: { input: { front: 'index.html', about: 'about.html' } } }",
  )
  const paths = ['/', '/about', '/about.html', '/deep', '/logo.svg']
  for (const [appType, told] of [
    ['mpa', ['200 front page', '200 about page', '200 about page', '404 none', '200 logo of public']],
    ['custom', ['404 none', '404 none', '404 none', '404 none', '200 logo of public']],
  ] as const) {
    several.edit('vite.config.ts', /appType: [^,]+/, `appType: '${appType}'`)
    await build(several)
    expect(await pages(several, paths)).toEqual(Object.fromEntries(paths.map((path, index) => [path, told[index]])))
  }
}, 60_000)
