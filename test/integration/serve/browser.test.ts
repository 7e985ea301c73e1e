/** Full stack as a user of a browser sees it. Needs a Chromium of the system (`apt-get install chromium`), or the path of one in TETHER_CHROMIUM. */
import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { startFullStack } from '../../support/full-stack.ts'

const path = [
  process.env.TETHER_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((each) => each !== undefined && existsSync(each))
if (path === undefined) console.log('The tests with a browser are skipped: there is no Chromium on this machine.')

let browser: Browser | undefined
afterAll(() => browser?.close())

async function openPage(url: string): Promise<Page> {
  browser ??= await chromium.launch({
    executablePath: path!,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  })
  const page = await browser.newPage()
  onTestFinished(() => page.close())
  await page.goto(url)
  return page
}

/** A page that shows what the API says and what its own module says, and counts how often it was loaded. */
const files = {
  'index.html':
    '<!doctype html><p id="api"></p><p id="own"></p><p id="chat"></p><script type="module" src="/client/main.ts"></script>',
  'client/main.ts': `
    import { own } from './own.ts'
    const show = (id: string, text: string) => { document.getElementById(id)!.textContent = text }
    sessionStorage.loads = Number(sessionStorage.loads ?? 0) + 1
    show('own', own)
    show('api', await (await fetch('/api')).text())
    const socket = new WebSocket('ws://' + location.host + '/chat')
    socket.onmessage = ({ data }) => show('chat', data)
    Object.assign(globalThis, { say: (text: string) => socket.send(text) })
    import.meta.hot!.accept('./own.ts', (now) => show('own', now!.own))
  `,
  'client/own.ts': "export const own = 'own 1'",
  'src/main.ts': `
    import { Hono } from '${import.meta.resolve('hono')}'
    import { WebSocketServer } from '${import.meta.resolve('ws')}'
    import { text } from './text.ts'
    const sockets = new WebSocketServer({ noServer: true })
    const app = new Hono()
    app.get('/api', (context) => context.text(text))
    export default {
      fetch: app.fetch,
      upgrade: (request, socket, head) => sockets.handleUpgrade(request, socket, head, (client) => {
        client.on('message', (data) => client.send(text + ' hears ' + data))
      }),
    }
  `,
  'src/text.ts': "export const text = 'api 1'",
}

test.skipIf(path === undefined)(
  'a page loads, is updated by Vite, follows the API, shows its errors in the overlay, and keeps a WebSocket over an update of the page',
  async () => {
    const stack = await startFullStack(files, { serve: undefined as never })
    const page = await openPage(`http://127.0.0.1:${stack.port}/`)
    const text = (id: string) => page.locator(`#${id}`).textContent()
    const loads = () => page.evaluate('Number(sessionStorage.loads)')
    await expect.poll(() => text('api')).toBe('api 1')
    expect(await text('own')).toBe('own 1')
    await page.evaluate("say('hello')")
    await expect.poll(() => text('chat')).toBe('api 1 hears hello')

    stack.project.edit('client/own.ts', 'own 1', 'own 2')
    await expect.poll(() => text('own')).toBe('own 2')
    await page.evaluate("say('still')")
    await expect.poll(() => text('chat')).toBe('api 1 hears still')
    expect(await loads()).toBe(1)

    stack.project.edit('src/text.ts', 'api 1', 'api 2')
    await expect.poll(() => text('api')).toBe('api 2')
    expect(await loads()).toBe(2)

    const overlay = page.locator('vite-error-overlay')
    stack.project.edit('src/text.ts', "'api 2'", "(() => { throw new Error('no text') })()")
    await expect.poll(() => overlay.count()).toBe(1)
    expect(await overlay.locator('.message-body').textContent()).toContain('Error: no text')
    expect(await overlay.locator('.file').textContent()).toMatch(/src\/text\.ts:1:\d+/)
    stack.project.edit('src/text.ts', "(() => { throw new Error('no text') })()", "'api 3'")
    await expect.poll(() => text('api')).toBe('api 3')
    expect(await overlay.count()).toBe(0)
    expect(await loads()).toBe(3)
  },
  60_000,
)

test.skipIf(path === undefined)(
  'a page that is opened while the app cannot start says why, and comes back by itself',
  async () => {
    const stack = await startFullStack(
      { ...files, 'src/text.ts': "throw new Error('no database')" },
      { serve: { order: 'pre' } },
    )
    const page = await openPage(`http://127.0.0.1:${stack.port}/api`)
    expect(await page.textContent('pre')).toContain('Error: no database')
    stack.project.write('src/text.ts', files['src/text.ts'])
    await expect.poll(() => page.textContent('body')).toBe('api 1')
  },
  60_000,
)
