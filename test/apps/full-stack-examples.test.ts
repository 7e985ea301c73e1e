/** The examples with pages, as their readers run them. */
import { expect, test } from 'vitest'
import { browserPath, startBrowser } from '../support/browser.ts'
import { startViteExample } from '../support/vite-example.ts'

const JSON_BODY = { 'content-type': 'application/json' }

test('react-hono: a save of the API is an update in place, and what it keeps in memory stays', async () => {
  const { ask, edit, shows, cli } = await startViteExample('react-hono')
  await shows('/', '/src/client/main.tsx')
  await shows('/any/page', '/src/client/main.tsx')
  const posted = await ask('/api/notes', { method: 'POST', headers: JSON_BODY, body: '{"text":"buy milk"}' })
  expect([posted.status, posted.body]).toEqual([201, '{"id":1,"text":"buy milk"}'])
  expect((await ask('/api/notes', { method: 'POST', headers: JSON_BODY, body: '{}' })).status).toBe(400)
  edit('src/server/api.ts', 'c.json(notes.list())', 'c.json(notes.list().map((each) => ({ ...each, late: true })))')
  await cli.match(/hot updated: src\/server\/app\.ts/)
  expect((await ask('/api/notes')).body).toBe('[{"id":1,"text":"buy milk","late":true}]')
}, 60_000)

test.skipIf(browserPath === undefined)(
  'react-hono: the page shows both kinds of saves',
  async () => {
    const { url, edit } = await startViteExample('react-hono')
    const page = await (await startBrowser()).newPage()
    await page.goto(url)
    await page.fill('input', 'buy milk')
    await page.click('button')
    await page.waitForSelector('li:has-text("buy milk")')
    // React's fast refresh keeps what is typed
    await page.fill('input', 'call mum')
    edit('src/client/App.tsx', '<h1>Notes</h1>', '<h1>My notes</h1>')
    await page.waitForSelector('h1:has-text("My notes")')
    expect(await page.inputValue('input')).toBe('call mum')
    edit(
      'src/server/api.ts',
      'c.json(notes.list())',
      "c.json(notes.list().map((each) => ({ ...each, text: each.text + '!' })))",
    )
    await page.waitForSelector('li:has-text("buy milk!")')
  },
  60_000,
)

test('vanilla-ssr: pages are rendered in the app process, by the newest code', async () => {
  const { ask, edit, shows } = await startViteExample('vanilla-ssr')
  const page = await shows('/there', '<h1>Hello from /there</h1>')
  expect(page).toContain('/@vite/client')
  expect(page).toMatch(/<b>1<\/b>/)
  expect((await ask('/src/entry-client.ts')).headers['content-type']).toMatch(/javascript/)
  const pid = async () => (JSON.parse((await ask('/api/time')).body) as { pid: number }).pid
  const before = await pid()
  edit('src/app.ts', 'Hello from', 'Greetings from')
  const next = await shows('/there', '<h1>Greetings from /there</h1>')
  // the state of a module that was not saved
  expect(Number(/<b>(\d+)<\/b>/.exec(next)![1])).toBeGreaterThan(1)
  expect(await pid()).toBe(before)
  expect((await ask('/missing.txt')).status).toBe(404)
}, 60_000)

test('vue-express: an Express app that listens nowhere answers beside the pages', async () => {
  const { ask, edit, shows, cli } = await startViteExample('vue-express')
  await shows('/', '/src/client/main.ts')
  expect((await ask('/src/client/App.vue')).headers['content-type']).toMatch(/javascript/)
  const vote = (body: string) => ask('/api/votes', { method: 'POST', headers: JSON_BODY, body })
  expect((await vote('{"for":"tea"}')).body).toBe('{"tea":1,"coffee":0}')
  expect((await vote('{"for":"milk"}')).status).toBe(400)
  edit('src/server/votes.ts', 'response.json(store)', 'response.json({ ...store, closed: true })')
  await cli.match(/hot updated: src\/server\/app\.ts/)
  expect((await ask('/api/votes')).body).toBe('{"tea":1,"coffee":0,"closed":true}')
}, 60_000)
