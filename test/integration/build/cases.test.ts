/** One app is the same to its clients in dev, in preview and in production: no case asks where it is. */
import { expect, test } from 'vitest'
import { askAt, build, createFullStack, startAt } from '../../support/built-app.ts'
import { APPS, FRONT, observe, partOf } from '../../support/built-cases.ts'

const HTML = { accept: 'text/html' }
const JSON_ONLY = { accept: 'application/json' }

const expected = (base: string) => ({
  page: [200, 'text/html', 'front page'],
  'page, HEAD': [200, 'text/html', ''],
  'module of the page': [200, 'text/javascript', 'module of the page'],
  'page by its path': [200, 'text/html', 'about page'],
  'page without extension': [200, 'text/html', 'about page'],
  'script at the path of the page': [404, 'text/plain', 'nothing of the app'],
  'POST at the path of the page': [404, 'text/plain', 'nothing of the app'],
  'root, with and without base': base === '/' ? [200, undefined] : [302, `${base}?a=1`],
  'what lies outside of base': [404],
  'base without its slash': [404],
  'file of public': [200, 'image/svg+xml', 'logo of public'],
  'part of a file': [206, '<svg'],
  'file that the client has': 304,
  'file and route of one name': [200, 'text/plain', 'shadow of public'],
  'file and route of one name, where routes says so': [200, 'text/plain', 'both of the app'],
  'page and route of one name': [200, 'text/plain', 'users of the app'],
  'route that a script asks': [200, 'text/plain', 'users of the app'],
  'deep link': [200, 'text/html', 'front page'],
  'deep link that is encoded badly': [404, 'text/plain', 'nothing of the app'],
  'route that nobody has': [404, 'text/plain', 'nothing of the app', 'yes'],
  'favicon that nobody has': 404,
  hello: '["GET","?a=%20b","shop.localhost:1234","https","shop.example","a=1"]',
  HEAD: [200, 'application/json', ''],
  echo: [201, '', 'posted'],
  upload: '3145728 40fa68eb',
  redirect: [302, 'hello'],
  cookies: ['a=1; Path=/', 'b=2'],
  error: 500,
  'error in the middle of all': 200,
  events: ['text/event-stream', 'data: 1\n\n'],
  socket: `echo hi at ${base}api/socket`,
})

test.each([
  ['fetch', '/'],
  ['handler', '/sub/'],
  ['listening', '/'],
] as const)(
  'an entry of the kind %s at %s answers alike in dev, preview and production',
  async (kind, base) => {
    const project = createFullStack(
      { ...FRONT, ...APPS[kind] },
      `{ entry: 'src/main.ts', build: true, serve: { routes: '${base}api' } }`,
      `base: '${base}', build: { rolldownOptions: { input: ['index.html', 'about.html'] } }`,
    )
    await build(project)
    for (const place of ['dev', 'preview', 'production'] as const) {
      const { port, app } = await startAt(place, project, `${base}api/hello`)
      expect({ place, ...(await observe(port, base)) }).toEqual({ place, ...expected(base) })
      await app.end()
    }
  },
  90_000,
)

test.each([
  [
    'pre',
    [
      ['/', HTML, 'front page'],
      ['/users', HTML, 'users of the app'],
      ['/shadow.txt', {}, 'shadow of the app'],
      ['/logo.svg', {}, 'logo of public'],
      ['/missing', HTML, 'front page'],
      ['/missing', {}, 'front page'],
      ['/missing', JSON_ONLY, ''],
    ],
  ],
  [
    'post',
    [
      ['/users', HTML, 'front page'],
      ['/users', {}, 'users of the app'],
      ['/', HTML, 'front page'],
      ['/shadow.txt', {}, 'shadow of public'],
      ['/missing', {}, 'nothing of the app'],
    ],
  ],
] as const)(
  'the order "%s" is one in dev, preview and production',
  async (order, cases) => {
    const project = createFullStack(
      { ...FRONT, ...APPS.handler },
      `{ entry: 'src/main.ts', build: true, serve: { order: '${order}' } }`,
    )
    await build(project)
    for (const place of ['dev', 'preview', 'production'] as const) {
      const { port, app } = await startAt(place, project, '/api/hello')
      const answers = cases.map(async ([path, headers]) => partOf((await askAt(port, path, headers)).body))
      expect({ place, told: await Promise.all(answers) }).toEqual({ place, told: cases.map(([, , told]) => told) })
      await app.end()
    }
  },
  90_000,
)
