import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
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

describe('a signal that ends the app', () => {
  it('disposes the modules, then runs the handlers of the app, each once', async () => {
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

  it('ends an app without handlers as it would end any process', async () => {
    const { parent } = await supervise('ready.mjs')
    parent.child.kill('SIGINT')
    expect(await parent.exited).toEqual({ code: null, signal: 'SIGINT' })
    expect(output(parent)).toEqual(['dispose begins', 'dispose ends', expect.stringMatching(/"signal":"SIGINT"/)])
  })

  it('is hidden from libraries that count the listeners', async () => {
    const { parent } = await supervise('leaves-quietly.mjs')
    parent.child.kill('SIGTERM')
    await parent.exited
    expect(output(parent)).toContain('others 0')
    expect(parent.text).toMatch(/"signal":"SIGTERM"/)
  })

  it('goes on without modules that do not dispose in time', async () => {
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

  it('disposes when it comes from somebody else as well', async () => {
    const { parent, app } = await supervise('signals.mjs')
    process.kill(app, 'SIGTERM')
    await parent.match(/^exit .*"code":3/m)
    expect(output(parent).slice(0, 3)).toEqual(['dispose begins', 'dispose ends', 'SIGTERM'])
  })

  it('is the same one when it comes again at once, as from the terminal and from npm', async () => {
    const { parent, app } = await supervise('signals.mjs', '100')
    parent.child.kill('SIGTERM')
    await parent.match(/dispose begins/)
    parent.child.kill('SIGTERM')
    process.kill(app, 'SIGTERM')
    await parent.match(/^exit .*"code":3/m)
    expect(output(parent).slice(0, 3)).toEqual(['dispose begins', 'dispose ends', 'SIGTERM'])
  })

  it('kills the app when it comes again later, from somebody impatient', async () => {
    const { parent } = await supervise('ignores-sigterm.mjs', '600')
    parent.child.kill('SIGTERM')
    await parent.match(/SIGTERM ignored/)
    const start = performance.now()
    parent.child.kill('SIGTERM')
    await parent.match(/^exit .*"signal":"SIGKILL"/m)
    expect(performance.now() - start).toBeLessThan(3000)
    expect(count(parent, 'SIGTERM ignored')).toBe(1)
  })
})

describe('a signal that does not end the app', () => {
  it.each(['SIGWINCH', 'SIGCONT'] as const)('is forwarded once: %s', async (signal) => {
    const { parent } = await supervise('signals.mjs')
    parent.child.kill(signal)
    await parent.match(new RegExp(`^${signal}$`, 'm'))
    parent.child.kill('SIGTERM')
    await parent.exited
    expect(count(parent, signal)).toBe(1)
  })

  it('suspends parent and app, and both continue', async () => {
    const { parent, app } = await supervise('ready.mjs')
    parent.child.kill('SIGTSTP')
    await until(() => processState(parent.pid) === 'T' && processState(app) === 'T', 'both to be suspended')
    parent.child.kill('SIGCONT')
    await until(() => processState(parent.pid) !== 'T' && processState(app) !== 'T', 'both to continue')
  })

  it('lets an app that listens to SIGTSTP decide', async () => {
    const { parent, app } = await supervise('signals.mjs')
    parent.child.kill('SIGTSTP')
    await parent.match(/^SIGTSTP$/m)
    await until(() => processState(parent.pid) === 'T', 'the parent to be suspended')
    expect(processState(app)).not.toBe('T')
    parent.child.kill('SIGCONT')
    await parent.match(/^SIGCONT$/m)
  })
})

describe('a parent that is killed', () => {
  const gone = async (pid: number) => {
    const start = performance.now()
    await until(() => !isAlive(pid), 'the app to be gone', 5000)
    return performance.now() - start
  }

  it('takes its app with it, which disposes its modules', async () => {
    const { parent, app } = await supervise('ready.mjs')
    parent.child.kill('SIGKILL')
    expect(await gone(app)).toBeLessThan(2000)
    await parent.match(/^parent gone\ndispose begins\ndispose ends$/m)
  })

  it('takes an app with it that is in an endless loop', async () => {
    const { parent, app } = await supervise('busy.mjs')
    parent.child.kill('SIGKILL')
    expect(await gone(app)).toBeLessThan(2000)
  })

  it('takes an app with it that ignores SIGTERM', async () => {
    const { parent, app } = await supervise('ignores-sigterm.mjs')
    parent.child.kill('SIGKILL')
    expect(await gone(app)).toBeLessThan(2000)
  })

  it('takes with it what the app has started', async () => {
    const { parent, app } = await supervise('grandchild.mjs', String(await freePort()))
    apps.push(Number((await parent.match(/^listening (\d+)$/m))[1]))
    parent.child.kill('SIGKILL')
    for (const pid of [app, ...apps]) expect(await gone(pid)).toBeLessThan(2000)
  })
})

describe('an error that nobody catches', () => {
  it('ends the app with code 1 and one readable report', async () => {
    const { parent, app } = await supervise('throws-later.mjs')
    process.kill(app, 'SIGUSR2')
    await parent.match(/^exit \{.*"code":1,.*\}$/m)
    expect(parent.text.match(/Error: thrown later/g)).toHaveLength(1)
    // Node's own report ends with its version
    expect(parent.text).not.toMatch(/^Node\.js v/m)
    expect(parent.text).toContain('exit listener 1')
  })

  it('reports a rejection that nobody handles likewise', async () => {
    const { parent, app } = await supervise('throws-later.mjs', '0', '', 'reject')
    process.kill(app, 'SIGUSR2')
    await parent.match(/^exit \{.*"code":1,.*\}$/m)
    expect(parent.text.match(/Error: thrown later/g)).toHaveLength(1)
  })

  it('is left to an app that handles it', async () => {
    const { parent, app } = await supervise('throws-later.mjs', '0', 'uncaughtException')
    process.kill(app, 'SIGUSR2')
    await parent.match(/^handled thrown later$/m)
    expect(isAlive(app)).toBe(true)
    expect(parent.text).not.toContain('Error:')
  })
})
