/** The page of what happens as a dock of Vite DevTools. */
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { browserPath, startBrowser } from '../support/browser.ts'
import { installTether, modules, serve } from './support.ts'

beforeAll(installTether)

test.skipIf(browserPath === undefined)(
  'Vite DevTools shows the page in a dock',
  async () => {
    const command = (port: number) => [join(modules, 'vite/bin/vite.js'), '--port', String(port), '--host', '127.0.0.1']
    const { url } = await serve('devtools', process.execPath, command)
    const tab = await (await startBrowser()).newPage()
    await expect
      .poll(() =>
        tab.goto(`${url}/__devtools/`).then(
          (answer) => answer?.status(),
          () => 0,
        ),
      )
      .toBe(200)
    await tab.getByRole('button', { name: 'vite-tether' }).click()
    const page = tab.frameLocator('iframe[src*="/__tether/"]')
    await page.getByRole('article', { name: 'main.js' }).getByText('ready', { exact: true }).waitFor()
    await page.getByText('connected', { exact: true }).waitFor()
  },
  60_000,
)
