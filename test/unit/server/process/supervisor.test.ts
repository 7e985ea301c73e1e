import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import type { AppCommand } from '../../../../src/server/process/spawn.ts'
import { Supervisor, type SupervisorOptions } from '../../../../src/server/process/supervisor.ts'
import type { SupervisorExit } from '../../../../src/server/process/supervisor-types.ts'
import { freePort, isAlive, processState, until } from '../../../support/child.ts'
import { FakeClock } from '../../../support/clock.ts'

const fixture = (name: string) => fileURLToPath(new URL(`../../../fixtures/process/${name}`, import.meta.url))

interface Watched {
  supervisor: Supervisor
  lines: string[]
  states: string[]
  exits: SupervisorExit[]
  /** Resolves with the pid that the app prints once its code runs. */
  ready(): Promise<number>
  /** Resolves when so many exits were told. */
  exited(count?: number): Promise<SupervisorExit>
}

const supervisors: Supervisor[] = []
afterEach(async () => {
  await Promise.all(supervisors.splice(0).map((supervisor) => supervisor.kill()))
})

function supervise(
  entry: string,
  {
    args = [],
    execArgv = [],
    env = () => ({ PATH: process.env.PATH }),
    cwd = fixture('.'),
    ...options
  }: Partial<SupervisorOptions & Pick<AppCommand, 'args' | 'execArgv' | 'cwd'> & { env(): NodeJS.ProcessEnv }> = {},
): Watched {
  const supervisor = new Supervisor({
    id: 'app',
    command: () => ({
      main: fixture('main.mjs'),
      entry: fixture(entry),
      args,
      execArgv,
      env: env(),
      cwd,
      stdio: 'pipe',
      stdin: 'silent',
    }),
    handover: () => ({ url: 'ws+unix:/nowhere:/', secret: 'open sesame', root: '/app', cacheDir: '/app/.vite' }),
    ...options,
  })
  supervisors.push(supervisor)
  const watched: Watched = {
    supervisor,
    lines: [],
    states: [],
    exits: [],
    ready: () =>
      until(() => {
        const pid = Number(/^ready (\d+)$/.exec(watched.lines.findLast((line) => line.startsWith('ready ')) ?? '')?.[1])
        return pid === supervisor.pid ? pid : undefined
      }, 'the app to be ready'),
    exited: (count = 1) => until(() => watched.exits[count - 1], `exit number ${count}`),
  }
  supervisor.on('state', (state) => watched.states.push(state))
  supervisor.on('exit', (exit) => watched.exits.push(exit))
  supervisor.on('stdout', (line) => watched.lines.push(line))
  supervisor.on('stderr', (line) => watched.lines.push(line))
  return watched
}

test('what the app sees is its entry, its arguments, its flags and its environment, and nothing of ours but the marker', async () => {
  const { supervisor, lines, exited } = supervise('sees.mjs', {
    args: ['--port', '1', '--', 'x'],
    execArgv: ['--no-warnings', '--stack-size=900'],
    env: () => ({ ONE: '1' }),
  })
  await supervisor.start()
  await exited()
  expect(JSON.parse(lines[0]!)).toEqual({
    handover: {
      url: 'ws+unix:/nowhere:/',
      secret: 'open sesame',
      root: '/app',
      cacheDir: '/app/.vite',
      stop: { signal: 'SIGTERM', timeout: 5000 },
    },
    argv: [fixture('sees.mjs'), '--port', '1', '--', 'x'],
    execArgv: ['--no-warnings', '--stack-size=900'],
    env: { ONE: '1', VITE_TETHER_RUNNER: '1' },
    cwd: fixture('.').replace(/\/$/, ''),
    send: 'undefined',
    stdin: false,
  })
})

test('what the app prints is told line by line, the last one without a line break too', async () => {
  const { supervisor, lines, exited } = supervise('no-newline.mjs')
  await supervisor.start()
  await exited()
  expect(lines.toSorted()).toEqual(['first', 'last', 'problem'])
})

test('the app exits with 0 by itself and starts again on a save', async () => {
  const { supervisor, states, lines, exited } = supervise('done.mjs')
  await supervisor.start()
  expect(await exited()).toMatchObject({ code: 0, signal: null, requested: false, next: 'save' })
  expect(supervisor.state).toBe('idle')
  expect(supervisor.pid).toBeUndefined()
  supervisor.saved()
  await exited(2)
  expect(lines).toEqual(['done', 'done'])
  expect(states).toEqual(['starting', 'idle', 'starting', 'idle'])
})

test('the end of the app is final in a run that happens once', async () => {
  const { supervisor, exited, states } = supervise('crash-at-once.mjs', { once: true })
  await supervisor.start()
  expect(await exited()).toMatchObject({ code: 1, next: 'none' })
  supervisor.saved()
  expect(states).toEqual(['starting', 'crashed'])
})

test('the app crashes at start-up and waits for a save', async () => {
  const { supervisor, lines, exited } = supervise('crash-at-once.mjs')
  await supervisor.start()
  expect(await exited()).toMatchObject({ code: 1, wasReady: false, next: 'save' })
  expect(supervisor.state).toBe('crashed')
  expect(lines.join('\n')).toContain('crashed at once')
  supervisor.saved()
  expect(supervisor.state).toBe('starting')
  await exited(2)
})

test('the app reads its code, a save comes, the app crashes at start-up: it starts again at once', async () => {
  const { supervisor, exits, exited } = supervise('crash-at-once.mjs')
  await supervisor.start()
  supervisor.fetched()
  supervisor.saved()
  expect(await exited()).toMatchObject({ next: 'start', delay: 0 })
  expect(await exited(2)).toMatchObject({ next: 'save' })
  expect(exits).toHaveLength(2)
})

test('the app is started again five times in 30 s when it crashes a while after its start, then waits for a save', async () => {
  const clock = new FakeClock()
  const { supervisor, ready, exited } = supervise('exit-on-usr2.mjs', { args: ['7'], clock })
  await supervisor.start()
  const crash = async (count: number) => {
    const pid = await ready()
    supervisor.ready(pid)
    // one that ends soon after its start waits for a save
    clock.advance(5000)
    process.kill(pid, 'SIGUSR2')
    return exited(count)
  }
  for (const [index, delay] of [0, 100, 200, 400, 800].entries()) {
    expect(await crash(index + 1)).toMatchObject({ code: 7, wasReady: true, next: 'start', delay })
    expect([clock.pending, clock.next]).toEqual([1, delay])
    clock.advance(delay)
  }
  expect(await crash(6)).toMatchObject({ next: 'save' })
  expect(clock.pending).toBe(0)
  expect(supervisor.state).toBe('crashed')

  // a save forgives: the code is another one
  supervisor.saved()
  expect(await crash(7)).toMatchObject({ next: 'start', delay: 0 })
  clock.advance(0)
  expect(await crash(8)).toMatchObject({ next: 'start', delay: 100 })
  clock.advance(30_000)
  expect(await crash(9)).toMatchObject({ next: 'start', delay: 0 })
})

test('the app crashes, the supervisor is to start it again, it is stopped: the app does not start', async () => {
  const clock = new FakeClock()
  const { supervisor, ready, exited, states } = supervise('exit-on-usr2.mjs', { args: ['1'], clock })
  await supervisor.start()
  supervisor.ready(await ready())
  clock.advance(5000)
  process.kill(supervisor.pid!, 'SIGUSR2')
  await exited()
  await supervisor.stop()
  clock.advance(60_000)
  supervisor.saved()
  expect(states).toEqual(['starting', 'ready', 'crashed', 'stopped'])
})

test('the end of the app is told with the signal when somebody else kills it', async () => {
  const { supervisor, ready, exited } = supervise('ready.mjs')
  await supervisor.start()
  process.kill(await ready(), 'SIGKILL')
  expect(await exited()).toMatchObject({ code: null, signal: 'SIGKILL', requested: false })
})

test('a process is replaced, then the former one is reported as ready: the supervisor ignores it', async () => {
  const { supervisor, ready } = supervise('ready.mjs')
  await supervisor.start()
  const first = await ready()
  supervisor.ready(first)
  await supervisor.restart()
  supervisor.ready(first)
  expect(supervisor.state).toBe('starting')
  supervisor.ready(await ready())
  expect(supervisor.state).toBe('ready')
})

test('the supervisor names the folder when the system cannot start the app', async () => {
  const { supervisor } = supervise('ready.mjs', { cwd: '/no/such/folder' })
  await expect(supervisor.start()).rejects.toMatchObject({
    code: 'ERR_START',
    message: expect.stringContaining('/no/such/folder'),
  })
  expect(supervisor.state).toBe('crashed')
  await supervisor.stop()
  expect(supervisor.state).toBe('stopped')
})

test('stopping asks with one signal and waits until the process is gone', async () => {
  const { supervisor, lines, ready, exits, states } = supervise('signals.mjs')
  await supervisor.start()
  const pid = await ready()
  await Promise.all([supervisor.stop(), supervisor.stop(), supervisor.stop()])
  expect(isAlive(pid)).toBe(false)
  expect(lines.slice(1)).toEqual(['SIGTERM'])
  expect(exits).toMatchObject([{ code: 3, requested: true, next: 'none' }])
  expect(states).toEqual(['starting', 'stopping', 'stopped'])
})

test('stopping kills at the deadline what ignores the signal', async () => {
  const { supervisor, lines, ready, exits } = supervise('ignores-sigterm.mjs', { stop: { timeout: 200 } })
  await supervisor.start()
  const pid = await ready()
  await supervisor.stop()
  expect(isAlive(pid)).toBe(false)
  expect(lines.slice(1)).toEqual(['SIGTERM ignored'])
  expect(exits).toMatchObject([{ signal: 'SIGKILL', requested: true }])
})

test('stopping kills a process that is in an endless loop', async () => {
  const { supervisor, ready, exits } = supervise('busy.mjs', { stop: { timeout: 200 } })
  await supervisor.start()
  const pid = await ready()
  await supervisor.stop()
  expect(isAlive(pid)).toBe(false)
  expect(exits).toMatchObject([{ signal: 'SIGKILL' }])
})

test('stopping kills a suspended process', async () => {
  const { supervisor, ready } = supervise('ready.mjs', { stop: { timeout: 200 } })
  await supervisor.start()
  const pid = await ready()
  process.kill(pid, 'SIGSTOP')
  await until(() => processState(pid) === 'T', 'the process to be suspended')
  await supervisor.stop()
  expect(isAlive(pid)).toBe(false)
})

test('a start begins, it is to stop, the system has started the process: it is stopped', async () => {
  const { supervisor, states } = supervise('ready.mjs')
  const started = supervisor.start()
  await supervisor.stop()
  await started
  expect(supervisor.pid).toBeUndefined()
  expect(states).toEqual(['starting', 'stopping', 'stopped'])
})

test('a restart stops the process, it is to stop for good, the process has ended: none is started', async () => {
  const { supervisor, ready, states } = supervise('ready.mjs')
  await supervisor.start()
  await ready()
  supervisor.fetched()
  const restarted = supervisor.restart()
  await supervisor.stop()
  await restarted
  expect(states.at(-1)).toBe('stopped')
  expect(supervisor.pid).toBeUndefined()
})

test.each([false, true])(
  'stopping ends what the app has started, so that the port is free (stubborn: %s)',
  async (stubborn) => {
    const port = await freePort()
    const { supervisor, lines } = supervise('grandchild.mjs', { args: [String(port), ...(stubborn ? ['yes'] : [])] })
    const listening = (count: number) =>
      until(() => {
        const found = lines.filter((line) => line.startsWith('listening'))
        return found.length === count ? Number(found.at(-1)!.split(' ')[1]) : undefined
      }, `listener number ${count}`)
    await supervisor.start()
    const first = await listening(1)
    supervisor.fetched()
    await supervisor.restart()
    await listening(2)
    expect(isAlive(first)).toBe(false)
    expect(lines).not.toContain('EADDRINUSE')

    // the leader is killed by somebody else: its child goes too
    process.kill(supervisor.pid!, 'SIGKILL')
    await until(() => supervisor.state === 'crashed', 'the exit')
    await new Promise<void>((resolve, reject) => {
      const server = createServer().once('error', reject)
      server.listen(port, '127.0.0.1', () => server.close(() => resolve()))
    })
  },
)

test('restarting makes a burst of saves one restart', async () => {
  const { supervisor, ready, exits, states } = supervise('ready.mjs')
  await supervisor.start()
  supervisor.ready(await ready())
  const burst = Array.from({ length: 20 }, () => supervisor.restart())
  await Promise.all(burst)
  // the new process has not read its code yet: it will see these saves too
  await Promise.all(Array.from({ length: 20 }, () => supervisor.restart()))
  await ready()
  expect(exits).toHaveLength(1)
  expect(states).toEqual(['starting', 'ready', 'stopping', 'starting'])
})

test('restarting is repeated for a save that comes after the new process has read its code', async () => {
  const { supervisor, ready, exits } = supervise('ready.mjs')
  await supervisor.start()
  await ready()
  supervisor.fetched()
  await supervisor.restart()
  await ready()
  supervisor.fetched()
  await supervisor.restart()
  await ready()
  expect(exits).toHaveLength(2)
})

test('restarting asks for environment and address at each start', async () => {
  let count = 0
  const { supervisor, lines, exited } = supervise('sees.mjs', {
    env: () => ({ COUNT: String(++count) }),
    handover: () => ({ url: `ws://${count}`, secret: 's', root: '/app', cacheDir: '/app/.vite' }),
  })
  await supervisor.start()
  await exited()
  await supervisor.restart()
  await exited(2)
  expect(lines.map((line) => JSON.parse(line)).map(({ env, handover }) => [env.COUNT, handover.url])).toEqual([
    ['1', 'ws://1'],
    ['2', 'ws://2'],
  ])
})

test('restarting says why in its state', async () => {
  const { supervisor } = supervise('ready.mjs')
  const reasons: (string | undefined)[] = []
  supervisor.on('state', (_state, _previous, reason) => reasons.push(reason))
  await supervisor.start('first start')
  supervisor.fetched()
  await supervisor.restart('nothing accepts src/db.ts <- src/server.ts')
  expect(reasons).toEqual(['first start', undefined, 'nothing accepts src/db.ts <- src/server.ts'])
})

test('restarting starts a stopped process again', async () => {
  const { supervisor, ready } = supervise('ready.mjs')
  await supervisor.start()
  await supervisor.stop()
  await supervisor.restart()
  await ready()
})
