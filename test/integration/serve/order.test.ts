import { expect, test } from 'vitest'
import { LISTENING, PAGES, startFullStack } from '../../support/full-stack.ts'

const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
const files = {
  ...LISTENING,
  ...PAGES,
  'about.html': '<title>about page</title>',
  'docs/index.html': '<title>docs page</title>',
  'public/logo.svg': '<svg>logo</svg>',
  'data.txt': 'a file of the root',
}

/** The part of an answer that tells who has given it. */
const part = (body: string): string =>
  /front page|about page|docs page|document\.title|ErrorOverlay|<svg>logo<.svg>|a file of the root|^app: .*/.exec(
    body,
  )?.[0] ?? body

/** A request, and a part of its answer, which shows who has given it. */
const AUTO: [what: string, path: string, headers: Record<string, string>, body: string, method?: string][] = [
  ['the front page', '/', HTML, 'front page'],
  ['a page by its path', '/about.html', HTML, 'about page'],
  ['a page without its extension', '/about', HTML, 'about page'],
  ['the page of a folder', '/docs/', HTML, 'docs page'],
  ['a module', '/client/main.ts', {}, 'document.title'],
  ["Vite's client", '/@vite/client', {}, 'ErrorOverlay'],
  ['an asset of public', '/logo.svg', {}, '<svg>logo</svg>'],
  ['a file of the root', '/data.txt', {}, 'a file of the root'],
  ['what the app knows', '/api/users?a=1&b=%20', {}, 'app: GET /api/users?a=1&b=%20'],
  ['a navigation to what the app knows', '/users', HTML, 'app: GET /users'],
  ['a navigation to what nobody knows', '/missing/page', HTML, 'front page'],
  ['a script that asks for what nobody knows', '/missing', {}, 'app: GET /missing'],
  ['what looks like a module and is none', '/api/data.js', {}, 'app: GET /api/data.js'],
  ['another method at the path of a page', '/', {}, 'app: POST /', 'POST'],
  ['a script at the path of a page', '/', { accept: 'application/json' }, 'app: GET /'],
  ['a path that is no URL', '//evil.example/%00/../x', {}, 'app: GET //evil.example/%00/../x'],
  ['a path that cannot be decoded', '/%E0%A4%A', HTML, 'app: GET /%E0%A4%A'],
]

test('in the order "auto" Vite answers for its files and the app for the rest, with the URL of the client', async () => {
  const stack = await startFullStack(files)
  const answers = AUTO.map(async ([what, path, headers, , method = 'GET']) => {
    const { body } = await stack.ask(path, { method, headers })
    return [what, part(body)] as const
  })
  const expected = AUTO.map(([what, , , body]) => [what, body])
  expect(await Promise.all(answers)).toEqual(expected)
  const missing = await stack.ask('/missing')
  expect(missing.status).toBe(404)
  // what Vite refuses to everybody
  expect((await stack.ask('/api', { headers: { host: 'evil.example' } })).body).toMatch(/not allowed/)
  expect(stack.lines.filter((line) => /error/i.test(line))).toEqual([])
})

test.each([
  [
    'pre',
    [
      ['/', HTML, 'app: GET /'],
      ['/client/main.ts', {}, 'app: GET /client/main.ts'],
      ['/@vite/client', {}, 'ErrorOverlay'],
      ['/missing', HTML, 'front page'],
      ['/missing', {}, 'front page'],
    ],
  ],
  [
    'post',
    [
      ['/users', HTML, 'front page'],
      ['/users', {}, 'app: GET /users'],
      ['/', HTML, 'front page'],
      ['/client/main.ts', {}, 'document.title'],
    ],
  ],
] as const)('the order "%s"', async (order, cases) => {
  const stack = await startFullStack(files, { serve: { order } })
  const answers = cases.map(([path, headers]) => stack.ask(path, { headers }).then(({ body }) => part(body)))
  expect(await Promise.all(answers)).toEqual(cases.map(([, , body]) => body))
})

test("routes are the app's before Vite is asked, by path and by pattern", async () => {
  const stack = await startFullStack(files, { serve: { routes: ['/client', '/docs/', '^/about\\.'] } })
  const asked = ['/client', '/client/main.ts', '/docs/', '/about.html', '/client-side', '/about', '/missing']
  const answers = asked.map((path) => stack.ask(path, { headers: HTML }).then(({ body }) => part(body)))
  expect(await Promise.all(answers)).toEqual([
    ...['app: GET /client', 'app: GET /client/main.ts', 'app: GET /docs/', 'app: GET /about.html'],
    ...['app: GET /client-side', 'about page', 'front page'],
  ])
})

test.each(['/app/', '/a b/'])('with the base %s the app is asked with it, and for what lies outside', async (base) => {
  const stack = await startFullStack(files, {}, { base })
  const url = encodeURI(base)
  const bodies = await Promise.all(
    [`${url}users`, `${url}client/main.ts`, url, `${url}missing`, '/api', '/'].map((path) =>
      stack.ask(path, { headers: HTML }).then(({ body }) => part(body)),
    ),
  )
  expect(bodies).toEqual([
    `app: GET ${url}users`,
    'document.title',
    'front page',
    'front page',
    'app: GET /api',
    'app: GET /',
  ])
})

test('an app of which nothing is asked is not asked', async () => {
  const stack = await startFullStack(files, { serve: false })
  expect((await stack.ask('/users', { headers: HTML })).body).toContain('front page')
})
