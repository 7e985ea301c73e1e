import { rmSync, utimesSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import type { Plugin } from 'vite'
import { expect, test } from 'vitest'
import { LISTENING, PAGES, startFullStack } from '../../support/full-stack.ts'

const SCRIPT = { 'sec-fetch-dest': 'script' }
const FETCH = { 'sec-fetch-dest': 'empty', accept: '*/*' }

/** Notes what Vite is asked to resolve, and has a module without a file. */
function watching(asked: string[]): Plugin {
  return {
    name: 'watching',
    resolveId(id) {
      asked.push(id)
      return id === '/made/up' ? id : undefined
    },
    load: (id) => (id === '/made/up' ? "export default 'made up'" : undefined),
  }
}

const files = {
  ...LISTENING,
  ...PAGES,
  'api/users.ts': "export default 'users'",
  'api/nested/index.ts': "export default 'nested'",
  'lib/main.ts': "export default 'lib'",
}

test('what Vite can have no file for goes to the app before Vite searches for it', async () => {
  const asked: string[] = []
  const stack = await startFullStack(files, {}, { plugins: [watching(asked)] })
  await stack.serving()
  const paths = ['/users', '/apis/users', '/api/user', '/api/users/1', '/api/nested/1/2', '/rpc?a=b.c', '/x~y/1_2-3']
  for (const path of paths) {
    expect((await stack.ask(path, { headers: FETCH })).body).toBe(`app: GET ${path}`)
    expect((await stack.ask(path)).body).toBe(`app: GET ${path}`)
  }
  expect((await stack.ask('/client/main', { method: 'POST' })).body).toBe('app: POST /client/main')
  expect(asked.filter((id) => paths.some((path) => id.includes(path.split('?')[0]!)))).toEqual([])
})

test("a file that is made later is Vite's from then on, also in a folder that has not changed for long", async () => {
  const stack = await startFullStack(files)
  await stack.serving()
  const old = new Date(Date.now() - 60_000)
  for (const [folder, path] of [
    ['.', '/later'],
    ['api', '/api/later'],
    ['api/nested', '/api/nested/later'],
  ] as const) {
    utimesSync(stack.project.path(folder), old, old)
    for (const _ of [1, 2]) expect((await stack.ask(path)).body).toBe(`app: GET ${path}`)
    stack.project.write(`${path.slice(1)}.ts`, "export default 'made later'")
    expect((await stack.ask(path)).body).toContain('made later')
    rmSync(stack.project.path(`${path.slice(1)}.ts`))
    expect((await stack.ask(path)).body).toBe(`app: GET ${path}`)
  }
})

/** Requests of browsers and other clients, and a part of the answer. */
const OF_VITE: [what: string, path: string, headers: Record<string, string>, part: string][] = [
  ['a module without its extension', '/client/main', {}, 'document.title'],
  ['a module without its extension, in a folder of the name of a route', '/api/users', FETCH, 'users'],
  ['the index of a folder', '/api/nested', {}, 'nested'],
  ['an alias', '/alias/main', {}, 'lib'],
  ['an alias that is a pattern', '/pattern7/main', {}, 'lib'],
  ['the module of a plugin, asked for by import()', '/made/up', SCRIPT, 'made up'],
  ['a module by its query', '/made/up?import', {}, 'made up'],
  ['what server.proxy takes', '/proxied/users', FETCH, 'proxied'],
  ['what a handler of a later plugin takes', '/mocked', FETCH, 'mocked'],
]

test('Vite still has what it can find', async () => {
  const mocking: Plugin = {
    name: 'mocking',
    configureServer({ middlewares }) {
      middlewares.use((request, response, next) => (request.url === '/mocked' ? void response.end('mocked') : next()))
    },
  }
  const alias = [
    { find: '/alias', replacement: '/lib' },
    { find: /^\/pattern\d+/, replacement: '/lib' },
  ]
  const bypass = (_: unknown, response?: ServerResponse) => void response?.end('proxied')
  const stack = await startFullStack(
    files,
    {},
    {
      plugins: [watching([]), mocking],
      resolve: { alias },
      server: { proxy: { '/proxied': { target: 'http://127.0.0.1:1', bypass } } },
    },
  )
  await stack.serving()
  for (const [what, path, headers, part] of OF_VITE) {
    expect((await stack.ask(path, { headers })).body, what).toContain(part)
  }
})

test('a handler that another plugin has put behind those of Vite is asked first, as before', async () => {
  const late: Plugin = {
    name: 'late',
    enforce: 'pre',
    configureServer: ({ middlewares }) => {
      return () =>
        void middlewares.use((request, response, next) =>
          request.originalUrl === '/late' ? void response.end('late') : next(),
        )
    },
  }
  const stack = await startFullStack(files, {}, { plugins: [late] })
  await stack.serving()
  expect((await stack.ask('/late', { headers: FETCH })).body).toBe('late')
  expect((await stack.ask('/users', { headers: FETCH })).body).toBe('app: GET /users')
})
