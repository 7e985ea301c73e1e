/** A worker whose installed package is not that of Vite's side. */
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Running, run } from '../../support/child.ts'
import { headersFor, knock } from '../../support/knock.ts'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

const repository = join(import.meta.dirname, '../../..')
const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string }
const ours = manifest.version

const APP = {
  'src/main.ts':
    "import { text } from './text.ts'\nconsole.log('main', text)\nsetInterval(() => {}, 1000)\nimport.meta.hot?.accept()",
  'src/text.ts': "export const text: string = 'one'",
}

/** `vite-tether attach` of an installation that says it is of `version`. */
function joinAs(version: string, url: string, token: string): Running {
  const { root, path } = createProject({})
  cpSync(join(repository, 'dist'), path('dist'), { recursive: true })
  symlinkSync(join(repository, 'node_modules'), path('node_modules'), 'junction')
  writeFileSync(path('package.json'), JSON.stringify({ ...manifest, version }))
  const worker = run(process.execPath, [path('dist/cli.js'), 'attach', '--name', 'mail', url, 'src/main.ts'], {
    cwd: root,
    env: { PATH: process.env.PATH, NO_COLOR: '1', TETHER_TOKEN: token },
  })
  onTestFinished(() => worker.end())
  return worker
}

test('another version works, and both sides and the list of runners say which it is', async () => {
  const project = createProject(APP)
  const { hub, line } = await startServer(project.root, { attach: true })
  const worker = joinAs('0.0.7', hub.attach!.url, hub.attach!.token)
  await worker.match(/^main one$/m)
  expect(worker.text).toContain(`[vite-tether] Vite runs with vite-tether ${ours} (here 0.0.7).\n`)
  expect(await line(/mail#\d+ attached/)).toMatch(`with vite-tether 0.0.7 (here ${ours})`)
  expect(hub.runners).toMatchObject([{ versions: { tether: '0.0.7', node: process.versions.node } }])
  project.edit('src/text.ts', 'one', 'two')
  await worker.match(/^main two$/m)
})

test('the same version on both sides is nothing to say', async () => {
  const project = createProject(APP)
  const { hub, line } = await startServer(project.root, { attach: true })
  const worker = joinAs(ours, hub.attach!.url, hub.attach!.token)
  await worker.match(/^main one$/m)
  expect(worker.text).toMatch(/^\[vite-tether\] connected\.\nmain one\n$/)
  expect(await line(/mail#\d+ attached/)).not.toContain('with')
  expect(hub.runners).toMatchObject([{ versions: { tether: ours } }])
})

test('a server that speaks another version of the protocol ends the worker at once, with the versions of both in one message', async () => {
  const server = createServer().on('upgrade', (_, socket) =>
    socket.end(
      'HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\n\r\nvite-tether 9.1.0 speaks tether.v9 here, the runner offered tether.v1',
    ),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  const worker = joinAs('0.0.7', `ws://127.0.0.1:${port}/__tether`, 'a-token-of-some-length')
  expect(await worker.exited).toEqual({ code: 3, signal: null })
  expect(worker.text).toContain('vite-tether 9.1.0 speaks tether.v9 here, the runner offered tether.v1')
  expect(worker.text).toContain('this is vite-tether 0.0.7: install the same version on both sides')
})

test('a runner that speaks another version of the protocol is refused with the version of this side, on both terminals', async () => {
  const project = createProject(APP)
  const { hub, line } = await startServer(project.root, { attach: true })
  const { url, token } = hub.attach!
  const answer = await knock(url, { ...headersFor(token), 'Sec-WebSocket-Protocol': 'tether.v9' })
  const said = `vite-tether ${ours} speaks tether.v1 here, the runner offered tether.v9`
  expect(answer).toMatch(/^HTTP\/1\.1 426 /)
  expect(answer).toContain(said)
  expect(await line(/refused a runner/)).toContain(`${said} (426)`)
})
