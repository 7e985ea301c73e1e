import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { TetherOptions } from '../../../src/index.ts'
import { until } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

const ALIVE = 'setInterval(() => {}, 1000)'

/** Starts `files`; with a standby it resolves once that waits. */
async function start(files: Record<string, string>, options: TetherOptions = {}, hmr?: false) {
  const project = createProject(files)
  const app = await startServer(
    project.root,
    { entry: 'main.js', ...options },
    hmr === false ? { server: { hmr } } : {},
  )
  if (options.standby !== false)
    await until(() => (app.hub.runners[0]?.standby?.memory ?? 0) > 0, 'a process that waits')
  return { ...app, project, count: (pattern: RegExp) => app.lines.filter((line) => pattern.test(line)).length }
}

/** Ways in which an app gives up soon after its start. */
const failures = {
  'process.exitCode': 'process.exitCode = 1',
  'process.exit()': 'process.exit(1)',
  'an uncaught exception': "throw new Error('no')",
  'an unhandled rejection': "Promise.reject(new Error('no'))",
  'a signal': "process.kill(process.pid, 'SIGKILL')",
  'exit code 0': 'process.exit(0)',
}

test.each(Object.entries(failures).map(([how, code]) => ({ how, code })))(
  'an app that ends by $how 300 ms after its start is run once, and again with a save',
  async ({ code }) => {
    const files = { 'main.js': `console.log('logs in')\nsetTimeout(() => { ${code} }, 300)` }
    const app = await start(files, { standby: false })
    await app.line(/waiting for a save/)
    // long enough for what used to be five more
    await delay(1000)
    expect(app.count(/^logs in$/)).toBe(1)
    app.project.edit('main.js', 'logs in', 'logs in again')
    await app.line(/^logs in again$/)
  },
)

test.each([{ standby: true }, { standby: false }])(
  'files written every 60 ms are one restart, $standby',
  async (options) => {
    const names = Array.from({ length: 8 }, (_, n) => `f${n}`)
    const app = await start(
      {
        'main.js': `${names.map((name) => `import { ${name} } from './${name}.js'`).join('\n')}\nconsole.log('runs ' + [${names}].join(''))\n${ALIVE}`,
        ...Object.fromEntries(names.map((name) => [`${name}.js`, `export const ${name} = 1`])),
      },
      options,
    )
    await app.line(/^runs 11111111$/)
    for (const name of names) {
      app.project.write(`${name}.js`, `export const ${name} = 2`)
      await delay(60)
    }
    await app.line(/^runs 22222222$/)
    expect(app.count(/^runs/)).toBe(2)
    expect(app.count(/restarted:/)).toBe(1)
  },
)

/** An app that says when it is asked to stop, and stays until it is killed. */
const STAYS = `process.on('SIGTERM', () => console.log('stops'))\n${ALIVE}`

test.each([undefined, false as const])(
  'a second save while the old process stops replaces that start in silence, server.hmr %s',
  async (hmr) => {
    const app = await start(
      { 'main.js': `import { v } from './dep.js'\nconsole.log('runs ' + v)\n${STAYS}`, 'dep.js': 'export const v = 1' },
      {},
      hmr,
    )
    const { pid } = app.hub.runners[0]!
    app.project.write('dep.js', 'export const v = 2')
    await app.line(/^stops$/)
    const heard = once(app.server.watcher, 'change')
    app.project.write('dep.js', 'export const v = 3')
    await heard
    process.kill(pid!, 'SIGKILL')
    await app.line(/^runs 3$/)
    expect(app.count(/^runs/)).toBe(2)
    expect(app.count(/restarted:/)).toBe(1)
  },
)

test.each([{ standby: true }, { standby: false }])(
  'an env file that is saved while the old process stops is one that the next has read, $standby',
  async (options) => {
    const env = createProject({ 'app.env': 'NAME=1' })
    const app = await start(
      { 'main.js': `console.log('name ' + process.env.NAME)\n${STAYS}` },
      { execArgv: [`--env-file=${env.path('app.env')}`], ...options },
    )
    await app.line(/^name 1$/)
    const { pid } = app.hub.runners[0]!
    const restarted = app.hub.restart()
    await app.line(/^stops$/)
    env.write('app.env', 'NAME=2')
    process.kill(pid!, 'SIGKILL')
    await restarted
    await app.line(/^name 2$/)
  },
)

test('the option delay: the old process runs until nothing was saved for so long', async () => {
  const app = await start(
    { 'main.js': `import { v } from './dep.js'\nconsole.log('runs ' + v)\n${ALIVE}`, 'dep.js': 'export const v = 1' },
    { delay: 700 },
  )
  const { pid } = app.hub.runners[0]!
  for (const version of [2, 3, 4]) {
    app.project.write('dep.js', `export const v = ${version}`)
    await delay(300)
    expect(app.hub.runners[0]).toMatchObject({ pid, state: 'ready' })
  }
  await app.line(/^runs 4$/)
  expect(app.count(/^runs/)).toBe(2)
})

test.each([-1, 60_001, Number.NaN, '100'])('the option delay is not %s', async (given) => {
  const { root } = createProject({})
  await expect(startServer(root, { delay: given as number })).rejects.toThrow(
    /Expected the option 'delay' of tether\(\) to be milliseconds, from 0 to 60000/,
  )
})
