/** Pictures of the page that shows what happens, in both themes. */
import { chromium } from 'playwright-core'
import { freePort } from '../test/support/child.ts'
import { quiet, withApp } from './project.ts'

/** Takes the pictures into `folder`: `page-light.png` and `page-dark.png`. */
export async function takePictures(folder: string): Promise<void> {
  const port = await freePort()
  await withApp(['--ui', String(port)], async ({ command, save, ask }) => {
    await command.match(/ready in/)
    await quiet(command)
    await ask()
    await save('src/greet.ts', (text) => text.replace('Hello', 'Welcome'), /hot updated/)
    await save('.env', () => 'GREETING=long\n', /restarted[\s\S]*listening/)
    await save('src/visitors.ts', (text) => text.replace('= 0', '= 100'), /hot updated/)
    await save('src/greet.ts', (text) => text.replace('export', 'exprt'), /still runs/)
    const browser = await chromium.launch({
      executablePath: process.env.TETHER_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox'],
    })
    try {
      const page = await browser.newPage({ viewport: { width: 1000, height: 700 } })
      await page.goto(`http://localhost:${port}/__tether/`)
      await page.getByRole('region', { name: 'Timeline' }).getByText('saved src/visitors.ts').waitFor()
      await page
        .getByRole('region', { name: 'Modules' })
        .getByText(/modules?/)
        .first()
        .waitFor()
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        await page.screenshot({ path: `${folder}/page-${colorScheme}.png`, fullPage: true })
      }
    } finally {
      await browser.close()
    }
  })
}
