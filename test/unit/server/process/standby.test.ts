import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { envFiles, mayWait } from '../../../../src/server/apps/standby-rules.ts'
import type { AppProcess, Exit } from '../../../../src/server/process/spawn.ts'
import { Standby } from '../../../../src/server/process/standby.ts'
import { createDeferred } from '../../../../src/shared/util/deferred.ts'
import { FakeClock } from '../../../support/clock.ts'

/** A standby of processes that exist only here. */
function setUp() {
  const clock = new FakeClock()
  const world = {
    inputs: 'same',
    room: true,
    spawned: [] as (AppProcess & { die(): void; killed: boolean })[],
    ended: [] as number[],
  }
  const standby = new Standby({
    clock,
    inputs: () => world.inputs,
    mayStart: () => world.room,
    ended: (pid) => world.ended.push(pid),
    async spawn() {
      const exited = createDeferred<Exit>()
      const child = {
        pid: world.spawned.length + 1,
        isAlive: true,
        exited: exited.promise,
        killed: false,
        signal() {},
        die: () => exited.resolve({ code: 1, signal: null }),
        kill() {
          child.killed = true
          child.die()
        },
      }
      world.spawned.push(child)
      return child
    },
  })
  return { clock, world, standby }
}

/** Lets promises settle. */
const settle = () => new Promise(setImmediate)

test('a standby is started a while after the app is ready, and not while it is paused', async () => {
  const { clock, standby } = setUp()
  standby.plan()
  standby.pause()
  clock.advance(10_000)
  await settle()
  expect(standby.pid).toBeUndefined()
  standby.plan()
  clock.advance(500)
  await settle()
  expect(standby.pid).toBe(1)
})

test('a standby is taken once, and only if a fresh process would see the same', async () => {
  const { world, standby } = setUp()
  standby.prepare()
  expect((await standby.take())?.pid).toBe(1)
  expect(await standby.take()).toBeUndefined()
  standby.prepare()
  await settle()
  world.inputs = 'different'
  expect(await standby.take()).toBeUndefined()
  expect(world.spawned.map(({ killed }) => killed)).toEqual([false, true])
  expect(world.ended).toEqual([2])
})

test('a standby is started anew when a restart is near and it has become useless', async () => {
  const { world, standby } = setUp()
  standby.prepare()
  await settle()
  world.inputs = 'different'
  standby.prepare()
  expect((await standby.take())?.pid).toBe(2)
})

test('a standby is not started where there is no room for it', async () => {
  const { world, standby } = setUp()
  world.room = false
  standby.prepare()
  expect(await standby.take()).toBeUndefined()
})

test('a standby is replaced when it dies, later each time, and after five times in half a minute no more', async () => {
  const { clock, world, standby } = setUp()
  standby.plan()
  for (let deaths = 0; deaths < 20; deaths++) {
    clock.advance(2000)
    await settle()
    world.spawned.at(-1)!.die()
    await settle()
  }
  expect(world.spawned.length).toBe(6)
  expect(clock.pending).toBe(0)
})

test('a standby is not replaced when it dies while the app is stopping', async () => {
  const { clock, world, standby } = setUp()
  standby.prepare()
  await settle()
  world.spawned[0]!.die()
  await settle()
  expect([standby.pid, clock.pending]).toEqual([undefined, 0])
})

test('a standby has gone when it was discarded', async () => {
  const { world, standby } = setUp()
  standby.prepare()
  await standby.discard()
  expect(world.spawned.map(({ killed }) => killed)).toEqual([true])
  expect(standby.pid).toBeUndefined()
})

test.each([[], ['--env-file=.env'], ['--max-old-space-size=512'], ['--enable-source-maps'], ['-C', 'development']])(
  'a process may be started ahead with %s',
  (...flags) => {
    expect(mayWait(flags, {})).toBe(true)
    expect(mayWait([], { NODE_OPTIONS: flags.join(' ') })).toBe(true)
  },
)

test.each([
  ['--import=./otel.ts'],
  ['--import', './otel.ts'],
  ['-r', 'dotenv/config'],
  ['--require=dotenv/config'],
  ['--experimental-loader', './loader.mjs'],
  ['--inspect'],
  ['--inspect-brk=0'],
  ['--cpu-prof'],
  ['--heap-prof-dir=x'],
  ['--prof'],
  ['--trace-gc'],
])('a process may not be started ahead with %s', (...flags) => {
  expect(mayWait(flags, {})).toBe(false)
  expect(mayWait([], { NODE_OPTIONS: `--no-deprecation ${flags.join(' ')}` })).toBe(false)
})

test('a process may not be started ahead where coverage is collected', () => {
  expect(mayWait([], { NODE_V8_COVERAGE: '/tmp/coverage' })).toBe(false)
})

test('env files are read in all the ways in which node takes them, and may be missing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tether-env-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'a.env'), 'A=1')
  writeFileSync(join(folder, 'b.env'), 'B=1')
  const flags = ['--env-file=a.env', '--no-warnings', '--env-file', 'b.env', '--env-file-if-exists=c.env']
  expect(envFiles(flags, folder)).toEqual(['A=1', 'B=1', undefined])
})
