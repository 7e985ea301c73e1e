/** The pages that a browser has open, by what comes on Vite's own socket. */
import { once } from 'node:events'
import type { HotPayload } from 'vite'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import type { TetherOptions } from '../../../src/index.ts'
import { until } from '../../support/child.ts'
import { type FullStack, PAGES, startFullStack } from '../../support/full-stack.ts'

/** Both kinds of apps: one that updates in place, and one that is restarted for each save. */
const FETCH = {
  'src/main.ts': `
    import { text } from './text.ts'
    import { name } from '../shared/name.ts'
    export default { fetch: () => new Response(text() + ' ' + name) }
  `,
  'src/text.ts': "export const text = () => 'first'",
  'shared/name.ts': "export const name = 'both'",
}
const LISTENS = {
  ...FETCH,
  'src/main.ts': `
    import { createServer } from 'node:http'
    import { text } from './text.ts'
    import { name } from '../shared/name.ts'
    createServer((request, response) => response.end(text() + ' ' + name)).listen(0, '127.0.0.1')
  `,
}
const CLIENT = {
  ...PAGES,
  'client/main.ts': "import { name } from '../shared/name.ts'\ndocument.title = name\nimport.meta.hot.accept()",
}

/** A page: what Vite's client is sent, without what says nothing. */
async function openPage({ server, port, ask }: FullStack): Promise<HotPayload[]> {
  await ask('/client/main.ts')
  await ask('/shared/name.ts')
  const socket = new WebSocket(`ws://127.0.0.1:${port}/?token=${server.config.webSocketToken}`, 'vite-hmr')
  onTestFinished(() => socket.terminate())
  const payloads: HotPayload[] = []
  socket.on('message', (data) => {
    const payload = JSON.parse(String(data)) as HotPayload
    if (payload.type !== 'connected' && payload.type !== 'ping') payloads.push(payload)
  })
  await once(socket, 'open')
  return payloads
}

const start = (files: Record<string, string>, serve?: TetherOptions['serve']) =>
  startFullStack({ ...files, ...CLIENT }, serve === undefined ? { serve: undefined as never } : { serve })

const RELOAD = { type: 'full-reload', path: '*' }
const answers = (stack: FullStack, text: string) =>
  until(async () => (await stack.ask('/api')).body === text, `the answer "${text}"`)

test.each([
  ['updates in place', FETCH, undefined],
  ['is restarted', LISTENS, true],
] as const)(
  'pages reload once for a save that only an app has which %s, and are not touched for others',
  async (_, files, serve) => {
    const stack = await start(files, serve)
    await answers(stack, 'first both')
    const page = await openPage(stack)
    stack.project.edit('src/text.ts', 'first', 'second')
    await until(() => page.length > 0, 'the page to be told')
    // the app has the new code by then
    expect((await stack.ask('/api')).body).toBe('second both')
    expect(page.splice(0)).toEqual([RELOAD])
    // several files: at most a reload for each, which Vite's client makes one
    stack.project.edit('src/text.ts', 'second', 'third')
    stack.project.edit('src/main.ts', "' '", "'  '")
    await answers(stack, 'third  both')
    await until(() => page.length > 0, 'the page to be told')
    // Vite updates the page by itself
    stack.project.edit('shared/name.ts', 'both', 'new')
    await answers(stack, 'third  new')
    await until(() => page.some(({ type }) => type === 'update'), 'the page to be told')
    const [first, ...others] = page.splice(0)
    expect(first).toEqual(RELOAD)
    expect(others.filter(({ type }) => type !== 'full-reload')).toEqual([expect.objectContaining({ type: 'update' })])
    expect(others.length).toBeLessThan(3)
    // a file that no app and no page has
    stack.project.write('notes.txt', 'nothing')
    stack.project.edit('src/text.ts', 'third', 'fourth')
    await answers(stack, 'fourth  new')
    await until(() => page.length > 0, 'the page to be told')
    expect(page).toEqual([RELOAD])
  },
)

const START = "throw new Error('cannot start')\n"

test.each([
  [
    'an update that fails',
    FETCH,
    undefined,
    'src/text.ts',
    "throw new TypeError('broken')\n",
    /^TypeError: broken$/,
    /text\.ts$/,
  ],
  ['code that does not compile', FETCH, undefined, 'src/text.ts', 'const = 1\n', /Unexpected|Expected/i, /text\.ts$/],
  ['code that does not compile', LISTENS, true, 'src/text.ts', 'const = 1\n', /Unexpected|Expected/i, /text\.ts$/],
  ['a start that fails', LISTENS, true, 'src/text.ts', START, /^Error: cannot start$/, /text\.ts$/],
  ['a package that is missing', LISTENS, true, 'src/main.ts', "import 'not-there'\n", /not-there/, /main\.ts$/],
] as const)(
  'the overlay shows %s with its place, and goes with the next good save',
  async (_, files, serve, file, line, message, place) => {
    const stack = await start(files, serve)
    await answers(stack, 'first both')
    const page = await openPage(stack)
    stack.project.write(file, `${line}${stack.project.read(file)}`)
    await until(() => page.length > 0, 'the overlay')
    const shown = page[0] as {
      type: string
      err: { message: string; id: string; loc: { line: number }; frame: string }
    }
    expect(shown).toMatchObject({ type: 'error', err: { message: expect.stringMatching(message) } })
    expect(shown.err.id ?? (shown.err.loc as { file?: string }).file).toMatch(place)
    expect(shown.err.loc?.line ?? 1).toBe(1)
    expect(shown.err.frame ?? shown.err.message).toContain(line.trim())
    // whoever comes later sees it too
    await until(async () => (await openPage(stack)).some(({ type }) => type === 'error'), 'the overlay of another page')
    stack.project.write(file, stack.project.read(file).replace(line, '').replace('first', 'mended'))
    await until(() => page.some(({ type }) => type === 'full-reload'), 'the reload')
    expect(page.map(({ type }) => type)).toEqual(['error', 'full-reload'])
    expect((await stack.ask('/api')).body).toMatch(/^(mended|first) both$/)
    expect(await openPage(stack)).toEqual([])
  },
)

test('with `reload: false` pages stay as they are, and only an error goes', async () => {
  const stack = await start(LISTENS, { reload: false })
  await answers(stack, 'first both')
  const page = await openPage(stack)
  stack.project.edit('src/text.ts', 'first', 'second')
  await answers(stack, 'second both')
  stack.project.write('src/text.ts', `${START}${stack.project.read('src/text.ts')}`)
  await until(() => page.length > 0, 'the overlay')
  stack.project.edit('src/text.ts', START, '')
  await answers(stack, 'second both')
  await until(() => page.length > 1, 'the overlay to go')
  expect(page).toEqual([expect.objectContaining({ type: 'error' }), { type: 'update', updates: [] }])
})

test('an app that listens beside Vite, without `serve`, is not the business of pages', async () => {
  const stack = await start(LISTENS)
  await stack.serving()
  const page = await openPage(stack)
  expect((await stack.ask('/users', { headers: { accept: 'text/html' } })).body).toContain('front page')
  expect((await stack.ask('/api', { headers: { accept: 'application/json' } })).status).toBe(404)
  stack.project.write('src/text.ts', START + FETCH['src/text.ts'])
  await stack.line(/waiting for a save/)
  expect((await stack.ask('/users', { headers: { accept: 'text/html' } })).body).toContain('front page')
  stack.project.write('src/text.ts', FETCH['src/text.ts'])
  await until(() => stack.hub.runners[0]?.state === 'ready', 'the app')
  stack.project.edit('shared/name.ts', 'both', 'new')
  await until(() => page.length > 0, 'an update of Vite')
  expect(page.map(({ type }) => type)).toEqual(['update'])
})

test('the overlay shows that the very first start of an entry fails, of which nobody knows yet what it exports', async () => {
  const stack = await start({ ...FETCH, 'src/text.ts': START + FETCH['src/text.ts'] })
  await stack.line(/waiting for a save/)
  const page = await openPage(stack)
  await until(() => page.length > 0, 'the overlay')
  expect((await stack.ask('/api', { method: 'POST' })).status).toBe(503)
  stack.project.write('src/text.ts', FETCH['src/text.ts'])
  await until(() => page.length > 1, 'the reload')
  expect(page).toEqual([expect.objectContaining({ type: 'error' }), RELOAD])
  expect((await stack.ask('/api')).body).toBe('first both')
})
