import { once } from 'node:events'
import { expect, test } from 'vitest'
import type { TetherOptions } from '../../../src/index.ts'
import type { TestApp } from '../../support/app.ts'
import { isAlive, until } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { ask, startLoad } from '../../support/requests.ts'
import { linkPackages, serving } from '../../support/serving.ts'
import { startServer } from '../../support/tether.ts'

/** Two modules behind an entry: one is edited, and what the other one counts tells whether it was evaluated anew. */
const MODULES = {
  'src/mark.ts': "export const mark = 'v0'",
  'src/state.ts': 'let asked = 0\nexport const count = () => ++asked',
}
const IMPORTS = `import { mark } from './mark.ts'
import { count } from './state.ts'
const text = () => mark + ' ' + count()
`

async function start(main: string, options: TetherOptions = {}, file = 'src/main.ts'): Promise<TestApp> {
  const project = createProject({ ...MODULES, [file]: main })
  linkPackages(project)
  const server = await startServer(project.root, { entry: file, ...options })
  return { project, ...server, result: () => Promise.reject(new Error('it prints none')) }
}

const present = (app: TestApp) => serving(app, (view) => view.serving !== undefined && view.state === 'ready')

const KINDS: [what: string, kind: string, main: string, file?: string][] = [
  ['Hono', 'fetch', "import { Hono } from 'hono'\nexport default new Hono().get('/', (c) => c.text(text()))"],
  ['H3', 'fetch', "import { H3 } from 'h3'\nexport default new H3().get('/', () => text())"],
  [
    'Elysia',
    'fetch',
    'class Elysia { get fetch() { return () => new Response(text()) } }\nexport default new Elysia()',
  ],
  ['fetch', 'fetch', 'export default { text, fetch() { return new Response(this.text()) } }'],
  ['fetch', 'fetch', 'export const fetch = async () => new Response(text())'],
  [
    'Express',
    'handler',
    "import express from 'express'\nexport default express().get('/', (_, to) => to.send(text()))",
  ],
  ['Koa', 'handler', "import Koa from 'koa'\nexport default new Koa().use((to) => { to.body = text() })"],
  [
    'Fastify',
    'handler',
    "import { fastify } from 'fastify'\nconst app = fastify()\napp.get('/', async () => text())\nexport default app",
  ],
  [
    'connect',
    'handler',
    'const app = (_, response) => app.handle(response)\napp.use = () => {}\napp.handle = (response) => response.end(text())\nexport default app',
  ],
]

test.each(KINDS)('an entry that exports %s (%s) is served, and updated in place', async (what, kind, main) => {
  const app = await start(IMPORTS + main)
  const { pid, serving: how } = await present(app)
  expect(how).toMatchObject({ kind, what })
  await app.line(new RegExp(`serves src/main.ts \\(${what}\\) on Vite's port`))
  expect((await ask(how!.target)).body).toBe('v0 1')

  app.project.edit('src/mark.ts', 'v0', 'v1')
  await once(app.hub, 'update:applied')
  expect((await ask(how!.target)).body).toBe('v1 2')

  app.project.edit('src/main.ts', '\nconst text', '\nconst text = (')
  await once(app.hub, 'update:failed')
  expect((await ask(how!.target)).body).toBe('v1 3')
  app.project.edit('src/main.ts', "text = ( = () => mark + ' '", "text = () => mark + '! '")
  await once(app.hub, 'update:applied')
  expect((await ask(how!.target)).body).toBe('v1! 4')
  expect(app.hub.runners[0]).toMatchObject({ pid, serving: how })
})

test('an entry in CommonJS is served, and restarted as any that Node loads itself', async () => {
  const main = `const express = require('express')
    const app = express()
    app.get('/', (_, response) => response.send('v0'))
    module.exports = app`
  const app = await start(main, {}, 'src/main.js')
  const { pid, serving: how } = await present(app)
  expect(how).toMatchObject({ kind: 'handler', what: 'Express' })
  app.project.edit('src/main.js', 'v0', 'v1')
  const next = await serving(app, (view) => view.pid !== pid && view.serving !== undefined)
  expect((await ask(next.serving!.target)).body).toBe('v1')
})

test.each([
  ['Hono', 0, true],
  ['Express', 5, false],
])('updates, failures and restarts of %s cost no request', async (_, index, keepAlive) => {
  const app = await start(IMPORTS + KINDS[index]![2])
  const { pid, serving: how } = await present(app)
  const load = startLoad({ ...how!.target }, keepAlive)
  const answered = (mark: string) => until(() => [...load.answers].some((text) => text.startsWith(mark)), mark)
  for (let update = 1; update <= 5; update++) {
    app.project.edit('src/mark.ts', `v${update - 1}`, `v${update}`)
    await answered(`v${update} `)
  }
  app.project.edit('src/mark.ts', "'v5'", "'v5")
  await once(app.hub, 'update:failed')
  app.project.edit('src/mark.ts', "'v5", "'v6'")
  await answered('v6 ')
  expect(app.hub.runners[0]!.pid).toBe(pid)
  // the count goes on: the module that has it was never evaluated anew
  expect(Math.max(...[...load.answers].map((text) => Number(text.split(' ')[1])))).toBeGreaterThan(6)

  for (const mark of ['v7', 'v8']) {
    app.project.edit('src/mark.ts', /v\d/, mark)
    await answered(mark)
    await app.hub.restart()
    await until(() => app.hub.runners[0]!.state === 'ready', 'the next process')
  }
  expect(app.hub.runners[0]!.serving).toEqual(how)
  await load.end()
  expect(load.failures).toEqual([])

  const { pid: last } = app.hub.runners[0]!
  process.kill(last!, 'SIGKILL')
  await until(() => !isAlive(last!), 'its end')
  await until(async () => (await ask(how!.target)).status === 503, 'an answer in its place')
})

test('an update after which the entry exports nothing that answers fails, and the old export answers', async () => {
  const app = await start("export default { fetch: () => new Response('old') }")
  const { serving: how } = await present(app)
  app.project.edit('src/main.ts', 'fetch', 'fetched')
  const [, { error }] = await once(app.hub, 'update:failed')
  expect(error).toMatchObject({ code: 'ERR_ENTRY', message: expect.stringContaining('it exports default') })
  expect((await ask(how!.target)).body).toBe('old')
  app.project.edit('src/main.ts', "fetched: () => new Response('old')", "fetch: () => new Response('new')")
  await once(app.hub, 'update:applied')
  expect((await ask(how!.target)).body).toBe('new')
})

test.each([
  ['at once', 'listen()'],
  ['late', 'setTimeout(listen, 500)'],
])('an app that listens %s is not served by what it exports', async (_, listen) => {
  const app = await start(`import { createServer } from 'node:http'
    const listen = () => createServer((_, response) => response.end('itself')).listen(0)
    ${listen}
    export default { fetch: () => new Response('exported') }`)
  const { serving: how } = await serving(app, (view) => view.serving?.kind === 'listening')
  expect((await ask(how!.target)).body).toBe('itself')
  expect(app.lines.some((line) => line.includes('listens itself'))).toBe(listen !== 'listen()')
})

test('an entry that exports none of it ends as any script', async () => {
  const app = await start('export const fetched = 1\nexport default (request) => request')
  const [, code] = await once(app.hub, 'exit')
  expect(code).toBe(0)
  expect(app.hub.runners[0]!.serving).toBeUndefined()
})

const LEFT = "export default { fetch: () => new Response('v0') }\n"

test.each([
  ['a timer', LEFT, 'setInterval(() => {}, 1000).unref()'],
  [
    'a socket',
    `import { connect, createServer } from 'node:net'\n${LEFT}`,
    "connect({ port: 1, host: '127.0.0.1', lookup: () => {} }).on('error', () => {})",
  ],
  ['a file watcher', `import { watch } from 'node:fs'\n${LEFT}`, 'watch(import.meta.dirname)'],
])('an entry that has left %s is restarted, and updated where it disposes of it', async (kind, main, begin) => {
  const app = await start(`${main}const left = ${begin}`)
  const { pid } = await present(app)
  app.project.edit('src/main.ts', 'v0', 'v1')
  const [, reason] = await once(app.hub, 'restart')
  expect(reason).toMatch(new RegExp(`^src/main.ts has left ${kind} and no import.meta.hot.dispose`))
  const next = await serving(app, (view) => view.pid !== pid && view.serving !== undefined && view.state === 'ready')
  expect((await ask(next.serving!.target)).body).toBe('v1')

  app.project.edit('src/main.ts', 'const left', 'import.meta.hot.dispose(() => {})\nconst left')
  await once(app.hub, 'runner:ready')
  app.project.edit('src/main.ts', 'v1', 'v2')
  await once(app.hub, 'update:applied')
  expect((await ask(next.serving!.target)).body).toBe('v2')
})

test('what is kept, and what a request or a timer that has fired has begun, is nothing left', async () => {
  const app = await start(`import { keep } from 'vite-tether/keep'
    keep('timer', () => setInterval(() => {}, 1000), clearInterval)
    await new Promise((resolve) => setTimeout(resolve, 1))
    export default { fetch() { setTimeout(() => {}, 60_000).unref(); return new Response('v0') } }`)
  const { pid, serving: how } = await present(app)
  for (const mark of ['v1', 'v2']) {
    await ask(how!.target)
    app.project.edit('src/main.ts', /v\d/, mark)
    await once(app.hub, 'update:applied')
    expect((await ask(how!.target)).body).toBe(mark)
  }
  expect(app.hub.runners[0]!.pid).toBe(pid)
})
