import { createRequire } from 'node:module'
import { beforeAll, expect, onTestFailed, onTestFinished, test } from 'vitest'
import { freePort, isAlive, run, until } from '../support/child.ts'
import { processesIn } from '../support/example.ts'
import { npm, type Packed, pack } from '../support/packed.ts'
import { createProject } from '../support/project.ts'

const { version: vite } = createRequire(import.meta.url)('vite/package.json') as { version: string }

let packed: Packed
beforeAll(async () => {
  packed = await pack()
})

const SERVER = `import { keep, listen } from 'vite-tether/keep'
import { greet } from './greet.ts'

const counter = keep('counter', () => ({ requests: 0 }))
listen((_request, response) => {
  response.end(JSON.stringify({ text: greet('you'), pid: process.pid, requests: ++counter.requests }))
}, Number(process.env.PORT))
import.meta.hot?.accept()
`

test('the package runs and updates an app in an empty folder, from the tarball and Vite alone', async () => {
  const project = createProject({
    'package.json': JSON.stringify({ private: true, type: 'module' }),
    'src/server.ts': SERVER,
    'src/greet.ts': 'export const greet = (name: string): string => "Hello ".concat(name)\n',
  })
  await npm(
    project.root,
    'install',
    '--save-dev',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    packed.tarball,
    `vite@${vite}`,
  )

  const port = await freePort()
  const cli = run(process.execPath, ['node_modules/vite-tether/bin/vite-tether.js', 'src/server.ts'], {
    cwd: project.root,
    env: { ...process.env, PORT: String(port), NO_COLOR: '1', NODE_ENV: '', VITEST: '' },
  })
  onTestFinished(() => cli.end())
  onTestFailed(() => console.error(cli.text))
  await cli.match(/\[vite-tether\] ready in \d+ ms, pid (\d+)/)
  const get = async () => (await fetch(`http://localhost:${port}`)).json() as Promise<Record<string, unknown>>

  const { pid, ...first } = await get()
  expect(first).toEqual({ text: 'Hello you', requests: 1 })
  project.edit('src/greet.ts', 'Hello', 'Goodbye')
  await cli.match(/hot updated: src\/server\.ts \(2 modules/)
  expect(await get()).toEqual({ text: 'Goodbye you', pid, requests: 2 })

  process.kill(cli.pid, 'SIGINT')
  expect(await cli.exited).toEqual({ code: 130, signal: null })
  expect(isAlive(pid as number)).toBe(false)
  await until(() => processesIn(project.root).length === 0, 'all processes of the folder to end')
  await expect(get()).rejects.toThrow()
}, 60_000)
