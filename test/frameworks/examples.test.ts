/** The examples whose server is a whole framework, run in the app's process: Vite's own process runs none of its code. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { browserPath, startBrowser } from '../support/browser.ts'
import { installTether, modules, serve } from './support.ts'

const EXAMPLES = {
  'react-router': { script: '@react-router/dev/bin.js', words: ['dev'], route: 'app/routes/home.tsx' },
  'tanstack-start': { script: 'vite/bin/vite.js', words: ['dev'], route: 'src/routes/index.tsx' },
}

beforeAll(installTether)

test.each(Object.entries(EXAMPLES))(
  'the example %s renders and updates in the app process, and its pages in the browser',
  async (name, { script, words, route }) => {
    const folder = resolve(import.meta.dirname, '../../examples', name)
    const command = (port: number) => [join(modules, script), ...words, '--port', String(port), '--host', '127.0.0.1']
    const { server, url, path, shows } = await serve(name, process.execPath, command, folder)
    const source = readFileSync(path(route), 'utf8')
    // at once: TanStack's generator of routes fills a file that it meets empty, over what is being saved
    const save = (title: string) => {
      writeFileSync(path('next'), source.replace('Hello', title))
      renameSync(path('next'), path(route))
    }
    const health = async () => ((await (await fetch(`${url}/health`)).json()) as { pid: number }).pid

    await shows('<h1>Hello</h1>')
    const pid = await health()
    expect(pid).not.toBe(server.pid)
    await shows(`answered by process ${pid}.`)
    save('Good day')
    await shows('<h1>Good day</h1>')
    // the module that counts was not saved, and the process is the same
    const page = await (await fetch(url, { headers: { accept: 'text/html' } })).text()
    expect(Number(/Visit (\d+)/.exec(page)![1])).toBeGreaterThan(2)
    expect(await health()).toBe(pid)

    if (browserPath !== undefined) {
      const tab = await (await startBrowser()).newPage()
      await tab.goto(url, { waitUntil: 'networkidle' })
      await tab.waitForSelector('h1:has-text("Good day")')
      await tab.evaluate('window.isSame = true')
      save('Refreshed')
      await tab.waitForSelector('h1:has-text("Refreshed")')
      expect(await tab.evaluate('window.isSame')).toBe(true)
    }

    // while the code is broken that of before answers
    save('Broken</h1>')
    await server.match(/update failed|Unexpected|Expected/)
    expect(await health()).toBe(pid)
    save('Well again')
    await shows('<h1>Well again</h1>')
  },
  120_000,
)
