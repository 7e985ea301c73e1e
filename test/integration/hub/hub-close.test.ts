import { readdirSync } from 'node:fs'
import { createServer } from 'vite'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { getTether, tether } from '../../../src/index.ts'
import { tempFolder } from '../../support/child.ts'
import { processesIn } from '../../support/example.ts'
import { createProject } from '../../support/project.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

test('a server that is closed before it is ready leaves no socket, no secret and no app', async () => {
  const { path, remove } = tempFolder()
  onTestFinished(remove)
  const project = createProject({ 'app.mjs': 'setInterval(() => {}, 1000)' })
  vi.stubEnv('TMPDIR', path)
  const server = await createServer({
    root: project.root,
    configFile: false,
    logLevel: 'silent',
    server: { middlewareMode: true, ws: false },
    plugins: [tether({ entry: 'app.mjs', cwd: project.root })],
  })
  const { ready } = getTether(server)
  await server.close()
  await expect(ready).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  expect([readdirSync(path), processesIn(project.root)]).toEqual([[], []])
})
