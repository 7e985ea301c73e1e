import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { TetherOptions } from '../../../src/index.ts'
import { attachDebugger } from '../../support/debugger.ts'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

/** The times of the sessions, shorter than they are. */
const limits = { probeAfter: 200, answer: 1000 }
const stop = { timeout: 500 }

/** An app that hangs when it gets SIGUSR2. */
const MAIN = `import { answer } from './dep.js'
console.log('runs ' + answer())
process.on('SIGUSR2', () => { console.log('hangs'); for (;;) answer() })
setInterval(() => {}, 1000)`
const dep = (version: number) => `export const answer = () => ${version}`

async function start(options: TetherOptions = {}, files: Record<string, string> = {}) {
  const project = createProject({ 'main.js': MAIN, 'dep.js': dep(1), ...files })
  const app = await startServer(project.root, { entry: 'main.js', limits, stop, ...options })
  await app.line(/^runs/)
  await expect.poll(() => app.hub.runners[0]!.state).toBe('ready')
  return {
    ...app,
    project,
    told: () => app.lines.flatMap((line) => /\[vite-tether\] (.*)$/.exec(line)?.[1] ?? []),
    async hang() {
      process.kill(app.hub.runners[0]!.pid!, 'SIGUSR2')
      await app.line(/^hangs$/)
    },
  }
}

const SILENT = 'does not answer: it is busy or in an endless loop; a save of its code replaces it'
const KILLED = expect.stringMatching(/^did not end when it was asked to, and was killed/)
const REPLACED = [KILLED, 'restarted: it did not answer to a save']

test.each([{ standby: true }, { standby: false }])(
  'an endless loop is told, and a save replaces the process, $standby',
  async (options) => {
    const app = await start(options)
    await app.hang()
    await app.line(/does not answer/)
    app.project.write('dep.js', dep(2))
    await app.line(/^runs 2$/)
    expect(app.told()).toEqual([SILENT, ...REPLACED])
  },
)

test('saves of the time before it is told are not lost', async () => {
  const app = await start()
  await app.hang()
  app.project.write('dep.js', dep(2))
  await delay(300)
  app.project.write('dep.js', dep(3))
  await app.line(/^runs 3$/)
  expect(app.told()).toEqual([SILENT, ...REPLACED])
})

test('a loop while the app starts', async () => {
  const app = await start()
  app.project.write('dep.js', "export const answer = () => { console.log('hangs'); for (;;); }")
  await app.line(/^hangs$/)
  await app.line(/does not answer/)
  app.project.write('dep.js', dep(4))
  await app.line(/^runs 4$/)
  expect(app.told().slice(-3)).toEqual([SILENT, ...REPLACED])
})

test('a restart on request replaces it as well', async () => {
  const app = await start()
  await app.hang()
  await app.line(/does not answer/)
  const { pid } = app.hub.runners[0]!
  await app.hub.restart()
  await expect.poll(() => app.hub.runners[0]).toMatchObject({ state: 'ready' })
  expect(app.hub.runners[0]!.pid).not.toBe(pid)
  expect(app.told()).toEqual([SILENT, KILLED, 'restarted: on request'])
})

test('one that was only busy is told to answer again, and takes the save', async () => {
  const app = await start(
    {},
    {
      'main.js': `${MAIN.replace('for (;;) answer()', 'const end = Date.now() + 3000; while (Date.now() < end);')}
        import.meta.hot.accept('./dep.js', (dep) => console.log('has ' + dep.answer()))`,
    },
  )
  await app.hang()
  await app.line(/does not answer/)
  await app.line(/answers again/)
  app.project.write('dep.js', dep(2))
  await app.line(/^has 2$/)
  expect(app.told().slice(0, 2)).toEqual([SILENT, 'answers again'])
})

test.each([
  ['--inspect', { execArgv: ['--inspect=0'] }, {}],
  ['inspector.open()', {}, { 'main.js': `import inspector from 'node:inspector'\ninspector.open(0)\n${MAIN}` }],
])('a process that a debugger holds is not replaced: %s', async (_how, options, files) => {
  const app = await start(options, { 'dep.js': dep(1), ...files })
  const [, url] = /(ws:\S+)/.exec(await app.line(/Debugger listening on/))!
  const debug = await attachDebugger(url!)
  await debug.send('Debugger.pause')
  process.kill(app.hub.runners[0]!.pid!, 'SIGUSR2')
  await debug.stopped()
  app.project.write('dep.js', dep(2))
  // more than the time after which one that hangs is replaced
  await delay(3000)
  expect(app.told().join('\n')).not.toMatch(/does not answer|restarted/)
  await debug.send('Debugger.disable')
  debug.close()
})
