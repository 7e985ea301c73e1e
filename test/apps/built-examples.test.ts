/** The examples with pages, built and started by their scripts. */
import { join } from 'node:path'
import { expect, onTestFailed, onTestFinished, test } from 'vitest'
import { browserPath, startBrowser } from '../support/browser.ts'
import { freePort, type Running, run } from '../support/child.ts'
import { copyExample, plainEnv } from '../support/example.ts'
import { type Answer, ask } from '../support/requests.ts'

const HTML = { accept: 'text/html' }

interface Built {
  url: string
  ask(path: string, headers?: Record<string, string>, body?: string): Promise<Answer>
}

/** Builds a copy of `examples/<name>`, and starts it. */
async function startBuilt(name: string): Promise<Built> {
  const project = copyExample(name)
  const { scripts } = JSON.parse(project.read('package.json')) as { scripts: Record<string, string> }
  const start = (script: string, env: Record<string, string> = {}): Running => {
    const [command, ...args] = scripts[script]!.split(' ')
    const words = command === 'vite' ? [join(project.root, 'node_modules/vite/bin/vite.js'), ...args] : args
    const running = run(process.execPath, words, { cwd: project.root, env: { ...plainEnv(), NO_COLOR: '1', ...env } })
    onTestFinished(() => running.end())
    onTestFailed(() => console.error(`${scripts[script]} says:\n${running.text}`))
    return running
  }
  expect((await start('build').exited).code).toBe(0)
  const port = await freePort()
  await start('start', { PORT: String(port), HOST: '127.0.0.1' }).match(/listens at http:\/\/localhost:\d+\/\n/)
  return {
    url: `http://127.0.0.1:${port}`,
    ask: (path, headers = {}, body) =>
      ask(
        { host: '127.0.0.1', port, path, headers, method: body === undefined ? 'GET' : 'POST' },
        body === undefined ? undefined : Buffer.from(body),
      ),
  }
}

const JSON_BODY = { 'content-type': 'application/json' }

test('react-hono in production', async () => {
  const { url, ask } = await startBuilt('react-hono')
  const { body } = await ask('/any/page', HTML)
  const [, script] = /<script type="module" [^>]*src="(\/assets\/[^"]+)"/.exec(body)!
  expect((await ask(script!)).headers).toMatchObject({ 'content-type': 'text/javascript' })
  expect((await ask('/api/notes', JSON_BODY, '{"text":"buy milk"}')).status).toBe(201)
  expect((await ask('/api/notes')).body).toBe('[{"id":1,"text":"buy milk"}]')
  if (browserPath === undefined) return
  const page = await (await startBrowser()).newPage()
  await page.goto(url)
  await page.waitForSelector('li:has-text("buy milk")')
}, 60_000)

test('vue-express in production', async () => {
  const { ask } = await startBuilt('vue-express')
  expect((await ask('/', HTML)).body).toMatch(/<div id="app"><\/div>/)
  expect((await ask('/api/votes', JSON_BODY, '{"for":"tea"}')).body).toBe('{"tea":1,"coffee":0}')
}, 60_000)

test('vanilla-ssr in production: the app renders into the page that was built', async () => {
  const { ask } = await startBuilt('vanilla-ssr')
  for (const path of ['/', '/there', '/index.html']) {
    const { body } = await ask(path, HTML)
    expect(body).toContain(`<h1>Hello from ${path}</h1>`)
    expect(body).not.toContain('/@vite/client')
    const files = Array.from(body.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g), ([, file]) => file!)
    expect(files.map((file) => file.replace(/.*\./, '')).sort()).toEqual(['css', 'js'])
    for (const file of files) expect((await ask(file)).status).toBe(200)
  }
}, 60_000)
