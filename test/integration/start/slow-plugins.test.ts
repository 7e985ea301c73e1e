/** Vite asks the plugins before it drops the code from before a save. Until then a check, and a process that begins, would take that code. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Plugin } from 'vite'
import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { until } from '../../support/child.ts'

/** Takes longer than saves are waited for. */
const slow: Plugin = { name: 'slow', watchChange: () => delay(400) }

const APP = {
  'package.json': '{ "type": "module" }',
  'src/main.ts': "import { v } from './lib.ts'\nconsole.log('runs ' + v)\nsetInterval(() => {}, 1e9)",
  'src/lib.ts': "export const v: string = 'v1'",
}

const WAYS = [
  ['with a standby', {}, {}],
  ['without a standby', { standby: false }, {}],
  ['without HMR', {}, { hmr: false }],
] as const

test.each(WAYS)(
  '%s code that cannot start replaces no process, and its mend is not refused',
  async (_, options, server) => {
    const { project, line, lines, hub } = await startApp(APP, options, { plugins: [slow], server })
    await line(/^runs v1/)
    const { pid } = hub.runners[0]!
    project.write('src/lib.ts', "import './gone.ts'\nexport const v: string = 'v2'")
    await line(/Cannot find module/)
    await line(/The app still runs the code from before/)
    // it may be refused before the app has said that it is up
    await until(() => hub.runners[0]?.state === 'ready', 'the app to be ready')
    expect(hub.runners[0]!.pid).toBe(pid)
    project.write('src/gone.ts', '')
    await line(/^runs v2/)
    project.write('src/lib.ts', 'export const v: = 3')
    await line(/transform failed/)
    project.write('src/lib.ts', "export const v: string = 'v4'")
    await line(/^runs v4/)
    expect(lines.filter((each) => /Cannot find module|transform failed/.test(each))).toHaveLength(2)
    expect(lines.join('\n')).not.toContain('exited with')
  },
)

test.each(WAYS)('%s a crashed app starts with what was saved', async (_, options, server) => {
  const { project, line, lines } = await startApp({ ...APP, 'src/lib.ts': "throw new Error('at the top')" }, options, {
    plugins: [slow],
    server,
  })
  await line(/waiting for a save/)
  project.write('src/lib.ts', APP['src/lib.ts'])
  await line(/^runs v1/)
  expect(lines.filter((each) => each.startsWith('Error: at the top'))).toHaveLength(1)
})

test('a plugin whose hook fails or never ends delays a restart, and no more', async () => {
  let answer = (): Promise<void> => Promise.reject(new Error('the hook has failed'))
  const plugin: Plugin = { name: 'bad', watchChange: () => answer() }
  const { project, line, lines } = await startApp(APP, { watch: 'data.txt' }, { plugins: [plugin] })
  const runs = (times: number) =>
    until(() => lines.filter((each) => each === 'runs v1').length === times, `run ${times}`)
  await line(/^runs v1/)
  project.write('data.txt', '1')
  await runs(2)
  answer = () => new Promise(() => {})
  project.write('data.txt', '2')
  await runs(3)
})

test.each(WAYS)('%s what is mended while it is checked is not refused for good', async (_, options, server) => {
  const broken = "import './broken.ts'"
  /** Mends the code while it is transformed, in vain. */
  const mending: Plugin = {
    name: 'mending',
    async transform(code, id) {
      if (!id.endsWith('lib.ts') || !code.includes('broken')) return
      project.write('src/lib.ts', "export const v: string = 'v2'")
      // the watcher has told of it by then
      await delay(400)
      throw new Error('broken code')
    },
  }
  const { project, line, hub } = await startApp(APP, options, { plugins: [mending], server })
  await line(/^runs v1/)
  project.write('src/lib.ts', broken)
  await line(/^runs v2/)
  await until(() => hub.runners[0]?.state === 'ready', 'the app to be ready')
})
