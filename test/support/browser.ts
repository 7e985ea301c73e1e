/** A browser for tests: Debian's Chromium, driven by playwright-core. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import { onTestFinished } from 'vitest'

const PATHS = [
  process.env.TETHER_CHROMIUM ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

/** The path of the browser; `undefined`, and a line that says so, if this machine has none. */
export const browserPath: string | undefined = PATHS.find((path) => path !== '' && existsSync(path))
if (browserPath === undefined)
  console.warn('No Chromium on this machine: tests in a browser are skipped (TETHER_CHROMIUM names one).')

/** Starts a browser, which ends with the test. */
export async function startBrowser(): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox'] })
  onTestFinished(() => browser.close())
  return browser
}
