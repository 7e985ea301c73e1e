/** Without HMR each save of a module restarts the app, but not of one that it does not run: it is imported no more, or not yet. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { RunnerView } from '../../../src/index.ts'
import { startApp } from '../../support/app.ts'

const ALIVE = 'setInterval(() => {}, 1000)'
const main = (imports: string) => `${imports}\nconsole.log('runs ' + process.pid)\n${ALIVE}`

/** Ways to import `./dep.js`, with the file beside it that does. */
const WAYS: Record<string, [imports: string, beside?: string]> = {
  static: ["import './dep.js'"],
  'a re-export': ["import './mid.js'", "export * from './dep.js'"],
  'import()': ["await import('./dep.js')"],
  'a computed import()': ["await import(['.', 'dep.js'].join('/'))"],
  'require()': ["import { createRequire } from 'node:module'\ncreateRequire(import.meta.url)('./dep.js')"],
}

const cases = Object.entries(WAYS).flatMap(([way, [imports, beside]]) =>
  // one way is enough for what does not depend on it
  (way === 'static' ? [true, false] : [true]).map((standby) => ({ way, imports, beside, standby })),
)

test.each(cases)('$way, with standby: $standby', async ({ imports, beside, standby }) => {
  const { project, hub, lines } = await startApp(
    {
      'package.json': '{ "type": "module" }',
      'main.js': main(imports),
      'dep.js': 'export const dep = 1',
      'mid.js': beside ?? '',
    },
    { entry: 'main.js', standby },
    { server: { hmr: false } },
  )
  const starts = () => lines.filter((line) => /^runs /.test(line)).length
  const runs = async (count: number) => {
    await expect.poll(starts).toBe(count)
    // its next process holds the code
    const isReady = ({ state, standby: next }: RunnerView) => state === 'ready' && (!standby || (next?.memory ?? 0) > 0)
    await expect.poll(() => isReady(hub.runners[0]!), { timeout: 5000 }).toBe(true)
  }
  await runs(1)
  project.write('dep.js', 'export const dep = 2')
  await runs(2)
  project.write('main.js', main(''))
  await runs(3)
  project.write('dep.js', 'export const dep = 3')
  // until it was told of and a restart would have begun
  await delay(500)
  project.write('main.js', main(imports))
  await runs(4)
  project.write('dep.js', 'export const dep = 4')
  await runs(5)
  expect(lines.filter((line) => /restarted: /.test(line)).map((line) => /restarted: (\S+)/.exec(line)![1])).toEqual([
    'dep.js',
    'main.js',
    'main.js',
    'dep.js',
  ])
})
