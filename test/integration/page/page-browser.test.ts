import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import type { Plugin } from 'vite'
import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { browserPath, startBrowser } from '../../support/browser.ts'

/** More modules than a page could show at once; virtual ones, which take no time to write and to watch. */
const MANY = 3000
const LEAVES: Plugin = {
  name: 'leaves',
  resolveId: (id) => (id.startsWith('leaf/') ? id : undefined),
  load(id) {
    if (id === 'leaf/all') return Array.from({ length: MANY }, (_, n) => `import 'leaf/m${n}'`).join('\n')
    return id.startsWith('leaf/') ? `export const name = '${id}'` : undefined
  },
}

const FILES = {
  'package.json': '{ "type": "module" }',
  'vite.config.ts': 'export default {}',
  'src/main.ts':
    "import { createServer } from 'node:http'\nimport './kept.ts'\nimport { text } from './text.ts'\nimport 'leaf/all'\ncreateServer((_, response) => response.end(text)).listen(0, '127.0.0.1', () => console.log('listens'))",
  'src/kept.ts': "import { inner } from './inner.ts'\nexport const kept = inner\nimport.meta.hot?.accept()",
  'src/inner.ts': 'export const inner = 1',
  'src/text.ts': "export const text: string = 'one'",
}

/** Where pictures of the page go, to be looked at. */
const PICTURES = process.env.TETHER_PICTURES

test.skipIf(browserPath === undefined)(
  'the page shows runners, what happens, errors and modules, restarts an app by keys, and comes back with Vite',
  async () => {
    const config = { plugins: [LEAVES], server: { middlewareMode: false, host: '127.0.0.1', port: 0 } }
    const { project, hub, server, line } = await startApp(FILES, {}, config)
    await line(/listens/)
    if (hub.runners[0]?.state !== 'ready') await once(hub, 'runner:ready')
    const { port } = server.httpServer!.address() as AddressInfo
    const browser = await startBrowser()
    const page = await browser.newPage({ viewport: { width: 1200, height: 1000 } })
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).host))
    const mistakes: string[] = []
    page.on('pageerror', (error) => mistakes.push(error.message))
    page.on('console', (message) => message.type() === 'error' && mistakes.push(message.text()))
    await page.goto(`http://127.0.0.1:${port}/__tether/`)

    const runner = page.getByRole('article', { name: 'main.ts' })
    await runner.getByText('ready', { exact: true }).waitFor()
    const figures = await runner.textContent()
    expect(figures).toContain(`pid ${hub.runners[0]!.pid}`)
    expect(figures).toContain(`${hub.runners[0]!.modules} modules, current`)
    expect(figures).toMatch(/Ports\d+.*Memory\d+ MiBUp for\d+ s/s)

    const timeline = page.getByRole('region', { name: 'Timeline' })
    await longTasks(page)
    const began = Date.now()
    project.edit('src/inner.ts', '1', '2')
    await timeline.getByText('saved src/inner.ts').waitFor()
    console.info(`a save was shown after ${Date.now() - began} ms`)
    await timeline.getByText(/^updated in place: src\/kept\.ts \(2 modules/).waitFor()
    await timeline.getByText(/known → sent .* evaluated .* answered/).waitFor()

    const errors = page.getByRole('region', { name: 'Errors' })
    expect(await errors.isVisible()).toBe(false)
    project.edit('src/inner.ts', 'export', 'export const =')
    await errors
      .getByText(/src\/inner\.ts/)
      .first()
      .waitFor()
    await picture(page, 'error')
    project.edit('src/inner.ts', 'export const =', 'export')
    await errors.waitFor({ state: 'hidden' })

    project.edit('src/text.ts', 'one', 'two')
    await timeline.getByText('restarts: nothing accepts src/text.ts <- src/main.ts').waitFor()
    await timeline.getByText(/^ready, .* after the decision to restart/).waitFor()
    await timeline.getByRole('button', { name: 'Where would an accept() help?' }).click()
    const place = page.getByRole('article', { name: 'Module' })
    await place.getByText('A save restarts the app').waitFor()
    expect(await place.getByRole('heading', { name: /An accept\(\) in one of these/ }).isVisible()).toBe(true)

    const modules = page.getByRole('region', { name: 'Modules' })
    await modules.getByText(/^30\d\d modules, the first 200 are shown/).waitFor()
    await page.getByLabel('Search for a module').fill('leaf/m2999')
    await modules.getByText('1 module', { exact: true }).waitFor()
    await modules.getByRole('button', { name: /leaf\/m2999$/ }).press('Enter')
    await place.getByRole('heading', { name: /leaf\/m2999$/ }).waitFor()
    expect(await place.evaluate((element) => element.matches(':focus'))).toBe(true)
    await picture(page, 'all')

    const { pid } = hub.runners[0]!
    const restart = page.getByRole('button', { name: 'Restart main.ts' })
    await restart.focus()
    await Promise.all([once(hub, 'runner:ready'), page.keyboard.press('Enter')])
    expect(hub.runners[0]!.pid).not.toBe(pid)
    await runner.getByText(`pid ${hub.runners[0]!.pid}`).waitFor()
    expect(await restart.evaluate((element) => element.matches(':focus'))).toBe(true)

    await server.restart()
    await page.getByText('connected', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Stop main.ts' }).click()
    await runner.getByText('stopped', { exact: true }).waitFor()

    expect([...new Set(asked)]).toEqual([`127.0.0.1:${port}`])
    // of the time without a server
    expect(mistakes.filter((text) => !/ERR_(?:CONNECTION|INCOMPLETE|EMPTY)/.test(text))).toEqual([])
    const long = await page.evaluate(() => (globalThis as { long?: number[] }).long ?? [])
    console.info(`long tasks: ${long.map(Math.round).join(', ') || 'none'}`)
  },
  120_000,
)

/** Notes tasks of more than 50 ms. */
async function longTasks(page: Page): Promise<void> {
  await page.evaluate(() => {
    const long: number[] = []
    Object.assign(globalThis, { long })
    const observer = new PerformanceObserver((list) => long.push(...list.getEntries().map(({ duration }) => duration)))
    // Node, whose types these are, has no such entries
    observer.observe({ type: 'longtask' as 'function' })
  })
}

async function picture(page: Page, name: string): Promise<void> {
  if (!PICTURES) return
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: `${PICTURES}/${name}-${colorScheme}.png`, fullPage: true })
  }
}
