import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { bundle, freePort, isAlive, processState, type Running, run, tempFolder, until } from '../../support/child.ts'

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/process/${name}`, import.meta.url))
const folder = tempFolder()
let parentFile: string
let bootstrap: string

beforeAll(async () => {
  parentFile = await bundle(fixture('parent.mjs'), folder.path)
  bootstrap = await bundle(fixture('gate.mjs'), folder.path)
})
afterAll(() => folder.remove())

const started: Running[] = []
const apps: number[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((parent) => parent.end()))
  for (const pid of apps.splice(0)) await until(() => !isAlive(pid), `process ${pid} to be gone`, 5000)
})

/** A process that supervises `entry`; resolves with the app's pid too, once that has printed it. */
async function supervise(entry: string, ...args: string[]): Promise<{ parent: Running; app: number }> {
  const parent = run(process.execPath, [parentFile, bootstrap, fixture(entry), ...args])
  started.push(parent)
  const app = Number((await parent.match(/^(?:ready|parent of) (\d+)$/m))[1])
  apps.push(app)
  return { parent, app }
}

/** The app's output from its first line on. */
const output = (parent: Running) => parent.text.trim().split('\n').slice(1)
const count = (parent: Running, line: string) => output(parent).filter((each) => each === line).length

test('a signal that ends the app disposes the modules, then runs the handlers of the app, each once', async () => {
  const { parent, app } = await supervise('signals.mjs', '50')
  parent.child.kill('SIGTERM')
  await parent.exited
  expect(output(parent)).toEqual([
    'dispose begins',
    'dispose ends',
    'SIGTERM',
    expect.stringMatching(/^exit .*"code":3/),
  ])
  expect(isAlive(app)).toBe(false)
})

test('a signal that ends the app ends an app without handlers as it would end any process', async () => {
  const { parent } = await supervise('ready.mjs')
  parent.child.kill('SIGINT')
  expect(await parent.exited).toEqual({ code: null, signal: 'SIGINT' })
  expect(output(parent)).toEqual(['dispose begins', 'dispose ends', expect.stringMatching(/"signal":"SIGINT"/)])
})

test('a signal that ends the app is hidden from libraries that count the listeners', async () => {
  const { parent } = await supervise('leaves-quietly.mjs')
  parent.child.kill('SIGTERM')
  await parent.exited
  expect(output(parent)).toContain('others 0')
  expect(parent.text).toMatch(/"signal":"SIGTERM"/)
})

test('a signal that ends the app goes on without modules that do not dispose in time', async () => {
  const { parent } = await supervise('signals.mjs', '60000')
  parent.child.kill('SIGTERM')
  await parent.exited
  expect(output(parent)).toEqual([
    'dispose begins',
    "The modules' dispose callbacks did not end within 4000 ms.",
    'SIGTERM',
    expect.stringMatching(/"code":3/),
  ])
})

test('a signal that ends the app disposes when it comes from somebody else as well', async () => {
  const { parent, app } = await supervise('signals.mjs')
  process.kill(app, 'SIGTERM')
  await parent.match(/^exit .*"code":3/m)
  expect(output(parent).slice(0, 3)).toEqual(['dispose begins', 'dispose ends', 'SIGTERM'])
})

test('a signal that ends the app is the same one when it comes again at once, as from the terminal and from npm', async () => {
  const { parent, app } = await supervise('signals.mjs', '100')
  parent.child.kill('SIGTERM')
  await parent.match(/dispose begins/)
  parent.child.kill('SIGTERM')
  process.kill(app, 'SIGTERM')
  await parent.match(/^exit .*"code":3/m)
  expect(output(parent).slice(0, 3)).toEqual(['dispose begins', 'dispose ends', 'SIGTERM'])
})

test('a signal that ends the app kills the app when it comes again later, from somebody impatient', async () => {
  const { parent } = await supervise('ignores-sigterm.mjs', '600')
  parent.child.kill('SIGTERM')
  await parent.match(/SIGTERM ignored/)
  const start = performance.now()
  parent.child.kill('SIGTERM')
  await parent.match(/^exit .*"signal":"SIGKILL"/m)
  expect(performance.now() - start).toBeLessThan(3000)
  expect(count(parent, 'SIGTERM ignored')).toBe(1)
})

test.each(['SIGWINCH', 'SIGCONT'] as const)(
  'a signal that does not end the app is forwarded once: %s',
  async (signal) => {
    const { parent } = await supervise('signals.mjs')
    parent.child.kill(signal)
    await parent.match(new RegExp(`^${signal}$`, 'm'))
    parent.child.kill('SIGTERM')
    await parent.exited
    expect(count(parent, signal)).toBe(1)
  },
)

test('a signal that does not end the app suspends parent and app, and both continue', async () => {
  const { parent, app } = await supervise('ready.mjs')
  parent.child.kill('SIGTSTP')
  await until(() => processState(parent.pid) === 'T' && processState(app) === 'T', 'both to be suspended')
  parent.child.kill('SIGCONT')
  await until(() => processState(parent.pid) !== 'T' && processState(app) !== 'T', 'both to continue')
})

test('a signal that does not end the app lets an app that listens to SIGTSTP decide', async () => {
  const { parent, app } = await supervise('signals.mjs')
  parent.child.kill('SIGTSTP')
  await parent.match(/^SIGTSTP$/m)
  await until(() => processState(parent.pid) === 'T', 'the parent to be suspended')
  expect(processState(app)).not.toBe('T')
  parent.child.kill('SIGCONT')
  await parent.match(/^SIGCONT$/m)
})

const gone = async (pid: number) => {
  const start = performance.now()
  await until(() => !isAlive(pid), 'the app to be gone', 5000)
  return performance.now() - start
}

test('a parent that is killed takes its app with it, which disposes its modules', async () => {
  const { parent, app } = await supervise('ready.mjs')
  parent.child.kill('SIGKILL')
  expect(await gone(app)).toBeLessThan(2000)
  await parent.match(/^parent gone\ndispose begins\ndispose ends$/m)
})

test('a parent that is killed takes an app with it that is in an endless loop', async () => {
  const { parent, app } = await supervise('busy.mjs')
  parent.child.kill('SIGKILL')
  expect(await gone(app)).toBeLessThan(2000)
})

test('a parent that is killed takes an app with it that ignores SIGTERM', async () => {
  const { parent, app } = await supervise('ignores-sigterm.mjs')
  parent.child.kill('SIGKILL')
  expect(await gone(app)).toBeLessThan(2000)
})

test('a parent that is killed takes with it what the app has started', async () => {
  const { parent, app } = await supervise('grandchild.mjs', String(await freePort()))
  apps.push(Number((await parent.match(/^listening (\d+)$/m))[1]))
  parent.child.kill('SIGKILL')
  for (const pid of [app, ...apps]) expect(await gone(pid)).toBeLessThan(2000)
})

test('an error that nobody catches ends the app with code 1 and one readable report', async () => {
  const { parent, app } = await supervise('throws-later.mjs')
  process.kill(app, 'SIGUSR2')
  await parent.match(/^exit \{.*"code":1,.*\}$/m)
  expect(parent.text.match(/Error: thrown later/g)).toHaveLength(1)
  // Node's own report ends with its version
  expect(parent.text).not.toMatch(/^Node\.js v/m)
  expect(parent.text).toContain('exit listener 1')
})

test('an error that nobody catches reports a rejection that nobody handles likewise', async () => {
  const { parent, app } = await supervise('throws-later.mjs', '0', '', 'reject')
  process.kill(app, 'SIGUSR2')
  await parent.match(/^exit \{.*"code":1,.*\}$/m)
  expect(parent.text.match(/Error: thrown later/g)).toHaveLength(1)
})

test('an error that nobody catches is left to an app that handles it', async () => {
  const { parent, app } = await supervise('throws-later.mjs', '0', 'uncaughtException')
  process.kill(app, 'SIGUSR2')
  await parent.match(/^handled thrown later$/m)
  expect(isAlive(app)).toBe(true)
  expect(parent.text).not.toContain('Error:')
})
