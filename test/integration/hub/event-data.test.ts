/** Events and views of the hub as data: what a tool can show without reading a line of the terminal. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import type { ExitDetails, RestartCause, RunnerView, TetherHub, UpdateTimes } from '../../../src/index.ts'
import { startApp } from '../../support/app.ts'

const FILES = {
  'package.json': '{ "type": "module" }',
  'src/main.ts':
    "import { createServer } from 'node:http'\nimport './kept.ts'\nimport { text } from './text.ts'\nimport native from '../native.cjs'\ncreateServer((_, response) => response.end(text + native)).listen(0, '127.0.0.1', () => console.log('listens'))",
  'src/kept.ts': "import { inner } from './inner.ts'\nexport const kept = inner\nimport.meta.hot?.accept()",
  'src/inner.ts': 'export const inner = 1',
  'src/text.ts': "export const text: string = 'one'",
  'native.cjs': 'module.exports = 1',
}

async function restartBy(hub: TetherHub, act: () => unknown): Promise<{ cause: RestartCause; exit: ExitDetails }> {
  const events = [once(hub, 'restart'), once(hub, 'exit'), once(hub, 'runner:ready')]
  await act()
  const [restart, exit] = await Promise.all(events)
  return { cause: restart![2], exit: exit![3] }
}

test('events say of each save, update, restart and exit what led to it, and a view says what a runner takes', async () => {
  const { project, hub, line } = await startApp(FILES)
  await Promise.all([line(/listens/), once(hub, 'runner:ready')])
  const view = hub.runners[0]!
  expect(view.memory).toBeGreaterThan(10 * 2 ** 20)
  expect(Math.abs(Date.now() - view.connectedAt!)).toBeLessThan(20_000)
  if (process.platform !== 'win32') await expect.poll(() => hub.runners[0]!.ports).toEqual([expect.any(Number)])
  const { ports } = hub.runners[0]!

  const [save, update] = [once(hub, 'save'), once(hub, 'update:applied')]
  project.edit('src/inner.ts', '1', '2')
  expect(await save).toEqual([[project.path('src/inner.ts')]])
  const [updated, report, times] = (await update) as [RunnerView, NonNullable<RunnerView['lastUpdate']>, UpdateTimes]
  expect(report.updates).toEqual([{ boundary: '/src/kept.ts', accepted: '/src/kept.ts' }])
  expect(times.compile).toBeGreaterThan(0)
  expect(times.runner).toBeGreaterThanOrEqual(report.ms)
  expect(updated.memory).toBeGreaterThan(10 * 2 ** 20)

  const chain = ['/src/text.ts', '/src/main.ts']
  const requested = { requested: true, wasReady: false, next: 'start' }
  expect(await restartBy(hub, () => project.edit('src/text.ts', 'one', 'two'))).toEqual({
    ...{ cause: { kind: 'unaccepted', chain }, exit: requested },
  })
  expect(hub.runners[0]!.connectedAt).toBeGreaterThan(view.connectedAt!)
  expect(await restartBy(hub, () => hub.restart())).toEqual({ cause: { kind: 'request' }, exit: requested })
  const env = once(hub, 'save')
  expect(await restartBy(hub, () => project.write('.env', 'A=1'))).toEqual({
    ...{ cause: { kind: 'file', file: '.env' }, exit: requested },
  })
  expect(await env).toEqual([[project.path('.env')]])
  const native = await restartBy(hub, () => project.edit('native.cjs', '1', '2'))
  expect(native.cause).toEqual({ kind: 'native', file: 'native.cjs' })
  await expect.poll(() => hub.runners[0]!.ports).toEqual(ports)

  const refused = once(hub, 'refused')
  project.edit('src/text.ts', 'export', 'export const =')
  await once(hub, 'update:failed')
  await hub.restart().catch(() => {})
  expect((await refused)[1]).toMatchObject({ message: expect.stringContaining('text.ts') })

  const exit = once(hub, 'exit')
  await hub.stop(view.id)
  expect((await exit)[3]).toEqual({ requested: true, wasReady: false, next: 'none' })
  expect(hub.runners[0]).toMatchObject({ ports: [], pid: undefined })
  expect(hub.runners[0]).not.toHaveProperty('connectedAt')
}, 60_000)
