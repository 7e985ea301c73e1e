import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { createProject } from '../../support/project.ts'
import { hasTerminal, openTerminal } from '../../support/terminal.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

const FILES = {
  'package.json': '{ "type": "module" }',
  'browser.js': "console.log('browser at ' + process.argv.at(-1))",
  'src/main.ts':
    "import { createServer } from 'node:http'\nimport { text } from './text.ts'\nconst server = createServer().listen(0, '127.0.0.1', () => console.log('up ' + process.pid, text, server.address().port))",
  'src/text.ts': "export const text: string = 'one'",
}

async function statusFor(url: string, host: string): Promise<number> {
  const [answer] = (await once(get(url, { headers: { host }, agent: false }), 'response')) as [IncomingMessage]
  answer.resume()
  return answer.statusCode!
}

test.skipIf(!hasTerminal)(
  'the command shows the page with --ui and by the key o, and explains a restart by the key e',
  async () => {
    const project = createProject(FILES)
    const start = (...flags: string[]) => {
      const env = { NO_COLOR: '1', BROWSER: project.path('browser.js') }
      const terminal = openTerminal(['node', cli, ...flags, 'src/main.ts'], project.root, env)
      onTestFinished(() => terminal.end())
      return terminal
    }
    const terminal = start('--ui')
    const [, url] = (await terminal.match(/Page: (http:\/\/127\.0\.0\.1:\d+\/__tether\/)/)) as unknown as [
      string,
      string,
    ]
    const [, pid, port] = await terminal.match(/^up (\d+) one (\d+)/m)
    await terminal.match(/press h/)
    const page = await (await fetch(url)).text()
    const [, token] = /name="tether-token" content="([\w-]+)"/.exec(page)!
    expect(await statusFor(url, new URL(url).host)).toBe(200)
    expect(await statusFor(url, 'attacker.example')).toBe(403)

    terminal.type('e\n')
    await terminal.match(/There was no restart yet/)
    terminal.type('u\n')
    await terminal.match(new RegExp(`main\\.ts supervised, ready, pid ${pid}, port ${port}, 2 modules`))
    project.edit('src/text.ts', 'one', 'two')
    await terminal.match(/^up \d+ two/m)
    terminal.type('e\n')
    await terminal.match(/main\.ts restarted at .*: nothing accepts src\/text\.ts <- src\/main\.ts/)
    await terminal.match(
      /import\.meta\.hot\?\.accept\(\) in one of these would have kept the process: src\/text\.ts, src\/main\.ts/,
    )

    const headers = { 'x-tether-token': token!, origin: new URL(url).origin }
    expect((await fetch(`${url}restart?id=main.ts`, { method: 'POST', headers })).status).toBe(204)
    terminal.type('e\n')
    await terminal.match(/main\.ts restarted at .*: on request/)

    terminal.type('o\n')
    await terminal.match(new RegExp(`browser at ${url}`))
    terminal.type('q\n')
    expect(await terminal.exited).toMatchObject({ code: 0 })

    const taken = start('--ui', new URL(url).port)
    const [, again] = (await taken.match(/Page: (http\S+)/)) as unknown as [string, string]
    expect(again).toBe(url)
    const second = start('--ui', new URL(url).port)
    await second.match(/The page cannot be shown: .*EADDRINUSE/)
    await second.match(/^up \d+ two/m)
  },
  60_000,
)
