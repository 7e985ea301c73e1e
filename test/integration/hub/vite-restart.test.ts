import { expect, test } from 'vitest'
import type { RunnerView } from '../../../src/index.ts'
import { createProject } from '../../support/project.ts'
import { attach, startServer, watched } from '../../support/tether.ts'

const APP = {
  'vite.config.ts': 'export default { define: { __NAME__: JSON.stringify("one") } }',
  'main.ts': `
    import { named } from './named.ts'
    import { plain } from './plain.ts'
    console.log('started ' + named + ' ' + plain)
    import.meta.hot.accept('./named.ts', (next) => console.log('now ' + next.named))
    import.meta.hot.accept('./plain.ts', (next) => console.log('now ' + next.plain))
    setInterval(() => {}, 1000)
  `,
  'named.ts': 'declare const __NAME__: string\nexport const named = __NAME__',
  'plain.ts': 'export const plain = 1',
}

test('when Vite restarts for its config the app process stays, and learns what changed', async () => {
  const project = createProject(APP)
  const configFile = project.path('vite.config.ts')
  const { hub, server, line, lines } = await startServer(project.root, { entry: 'main.ts' }, { configFile })
  await line(/^started one 1/)
  await expect.poll(() => hub.runners[0]!.state).toBe('ready')
  const [{ pid }] = hub.runners as [RunnerView]

  project.edit('vite.config.ts', 'one', 'two')
  await line(/^now two/)
  await expect
    .poll(() => hub.runners)
    .toMatchObject([{ pid, state: 'ready', lastUpdate: { outcome: 'updated', evaluated: 1 } }])
  await watched(server)

  project.edit('plain.ts', '1', '2')
  await line(/^now 2/)
  expect(hub.runners[0]!.pid).toBe(pid)
  expect(lines.filter((each) => /restarted: |^started/.test(each))).toEqual(['started one 1'])
  expect(server.environments.ssr).toBeDefined()
})

test('a config edit that changes no code changes nothing in the app', async () => {
  const project = createProject(APP)
  const configFile = project.path('vite.config.ts')
  const { hub, server, line, lines } = await startServer(project.root, { entry: 'main.ts' }, { configFile })
  await line(/^started/)
  await expect.poll(() => hub.runners[0]!.state).toBe('ready')
  project.write('vite.config.ts', `// a comment\n${APP['vite.config.ts']}`)
  await line(/server restarted/)
  await watched(server)
  project.edit('plain.ts', '1', '2')
  await line(/^now 2/)
  expect(lines.filter((each) => /^now|^started/.test(each))).toEqual(['started one 1', 'now 2'])
})

test('a config that throws leaves everything as it is; the next good one applies', async () => {
  const project = createProject(APP)
  const configFile = project.path('vite.config.ts')
  const { hub, line } = await startServer(project.root, { entry: 'main.ts' }, { configFile })
  await line(/^started/)
  await expect.poll(() => hub.runners[0]!.state).toBe('ready')
  const [{ pid }] = hub.runners as [RunnerView]
  project.write('vite.config.ts', 'throw new Error("broken config")')
  await line(/server restart failed/)
  project.edit('plain.ts', '1', '2')
  await line(/^now 2/)
  project.write('vite.config.ts', APP['vite.config.ts'].replace('one', 'three'))
  await line(/^now three/)
  expect(hub.runners[0]!.pid).toBe(pid)
})

test('what a module asks for while Vite restarts waits for the new server', async () => {
  const project = createProject({ ...APP, 'late.ts': 'export const late = "late"' })
  const server = await startServer(project.root, { attach: true }, { configFile: project.path('vite.config.ts') })
  const { runner } = await attach(server, project.root)
  const restarted = server.server.restart()
  const { late } = await runner.import('/late.ts')
  expect(late).toBe('late')
  await restarted
  await watched(server.server)
  project.edit('late.ts', '"late"', '"later"')
  await expect.poll(async () => (await runner.import('/late.ts')).late).toBe('later')
})
