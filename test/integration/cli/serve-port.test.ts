import { createServer, type Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, run } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { ask, startLoad } from '../../support/requests.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))
const FETCH = "export default { fetch: () => new Response('v0') }"

function start(main: string, flags: string[], env: NodeJS.ProcessEnv = {}) {
  const project = createProject({ 'package.json': '{ "type": "module" }', 'src/main.ts': main })
  const running = run(process.execPath, [cli, ...flags, 'src/main.ts'], {
    cwd: project.root,
    env: { ...process.env, NO_COLOR: '1', ...env },
  })
  onTestFinished(() => running.end())
  return { project, running }
}

/** A port that somebody else has. */
async function takenPort(): Promise<number> {
  const port = await freePort()
  const other: Server = createServer((_, response) => response.end('other'))
  await new Promise<void>((resolve) => other.listen(port, 'localhost', resolve))
  onTestFinished(() => void other.close())
  return port
}

test('the command serves an entry on --port, over updates, restarts and crashes', async () => {
  const port = await freePort()
  const { project, running } = start(FETCH, ['--port', String(port)], { PORT: '1' })
  await running.match(new RegExp(`serves src/main.ts \\(fetch\\) at http://localhost:${port}/\n.* ready in`))
  const load = startLoad({ port, host: 'localhost' }, true)
  project.edit('src/main.ts', 'v0', 'v1')
  await running.match(/hot updated: src\/main\.ts/)
  expect((await ask({ port, host: 'localhost' })).body).toBe('v1')
  project.write('.env', 'A=1')
  await running.match(/restarted: \.env changed/)
  expect((await ask({ port, host: 'localhost' })).body).toBe('v1')
  await load.end()
  expect(load.failures).toEqual([])
  project.write('src/main.ts', `${FETCH}\nsetTimeout(() => { throw new Error('it ends') }, 100)`)
  await running.match(/exited with code 1/)
  expect(await ask({ port, host: 'localhost' })).toMatchObject({
    status: 503,
    body: expect.stringContaining('it ends'),
  })
  // once: neither an update nor a restart says it again
  expect(running.text.match(/serves /g)).toHaveLength(1)
})

test('an entry is served as well by a start that begins with what the last one has left, and lives on', async () => {
  const port = await freePort()
  const { project, running } = start(FETCH, ['--port', String(port)])
  await running.match(/ ready in/)
  running.child.kill('SIGTERM')
  await running.exited
  const again = run(process.execPath, [cli, '--port', String(port), 'src/main.ts'], {
    cwd: project.root,
    env: { ...process.env, NO_COLOR: '1' },
  })
  onTestFinished(() => again.end())
  await again.match(/serves src\/main\.ts.*\n[\s\S]* ready in/)
  // the shell that ends processes whose command was killed waits for a second
  await delay(1500)
  project.edit('src/main.ts', 'v0', 'v1')
  await again.match(/hot updated: src\/main\.ts/)
  expect((await ask({ port, host: 'localhost' })).body).toBe('v1')
  expect(again.text).not.toContain('SIGKILL')
})

test('a port that is taken is told, and the next one served; with --strictPort it is an error', async () => {
  const port = await takenPort()
  const { running } = start(FETCH, [], { PORT: String(port) })
  const [, found] = await running.match(
    new RegExp(`serves src/main.ts \\(fetch\\) at http://localhost:(\\d+)/ \\(port ${port} is taken\\)`),
  )
  expect(Number(found)).toBeGreaterThan(port)
  expect((await ask({ port: Number(found), host: 'localhost' })).body).toBe('v0')

  const strict = start(FETCH, ['--once', '--strictPort', '--port', String(port)])
  expect((await strict.running.exited).code).toBe(1)
  expect(strict.running.text).toContain(`Port ${port} is taken, and --strictPort allows no other one.`)
})

test('--host serves at all addresses, and a PORT that is none is an error', async () => {
  const port = await freePort()
  const { running } = start(FETCH, ['--host', '--port', String(port)])
  await running.match(/serves src\/main\.ts/)
  expect((await ask({ port, host: '127.0.0.2' })).body).toBe('v0')
  const { running: wrong } = start(FETCH, ['--once'], { PORT: 'http' })
  expect((await wrong.exited).code).toBe(1)
  expect(wrong.text).toContain("Expected the variable PORT to be a number from 0 to 65535, got 'http'.")
})

test('an app that listens late gets the port on which its export was served', async () => {
  const port = await freePort()
  const { running } = start(
    `import { createServer } from 'node:http'
    ${FETCH}
    setTimeout(() => createServer((_, response) => response.end('itself')).listen(${port}, 'localhost', () => console.log('listens')), 500)`,
    ['--port', String(port)],
  )
  await running.match(/serves src\/main\.ts/)
  expect((await ask({ port, host: 'localhost' })).body).toBe('v0')
  await running.match(/listens itself at http:\/\/[^ ]+: what it exports is not served/)
  await running.match(/^listens$/m)
  await running.match(
    /main\.ts listens itself: --port, --host and --strictPort are for entries that export what answers/,
  )
  expect((await ask({ port, host: 'localhost' })).body).toBe('itself')
})

const HANDLER = "export default (_, response) => response.end('handled')"

test('a function is a request handler, and an entry that serves nothing an error, where a port was asked for', async () => {
  const port = await freePort()
  const asked = start(HANDLER, ['--port', String(port)])
  await asked.running.match(new RegExp(`serves src/main.ts \\(request handler\\) at http://localhost:${port}/`))
  expect((await ask({ port, host: 'localhost' })).body).toBe('handled')

  const { running } = start(HANDLER, ['--once'], { PORT: String(port) })
  expect((await running.exited).code).toBe(0)
  expect(running.text).not.toContain('serves')

  const { running: none } = start('export const a = 1', ['--once', '--strictPort'])
  expect((await none.exited).code).toBe(1)
  expect(none.text).toMatch(
    /src\/main\.ts answers no requests: expected it to listen, .*; it exports a, and does not listen\./,
  )
})
