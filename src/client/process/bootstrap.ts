/**
 * The bootstrap of a supervised app process: `node [flags] main.js <entry> [args]`, started by `server/process/spawn`. To the app it
 * looks as if node had been started with its entry.
 */
import { join } from 'node:path'
import { systemClock } from '../../shared/util/clock.ts'
import { keepCompiledCode } from '../../shared/util/compile-cache.ts'
import { installHooks } from '../code/node-hooks.ts'
import { closeInspector } from '../debug/inspector.ts'
import { installMainModule } from '../evaluate/main-module.ts'
import { type OpenPorts, openPorts } from '../ports/open-ports.ts'
import type { SessionRunner } from '../runner/session-runner.ts'
import { serveEntry } from '../serve/serve-entry.ts'
import { listenToParent, openApp } from './app-process.ts'
import { takeArgv } from './argv.ts'
import { installCrashReport } from './crash-report.ts'
import { type EnvHint, installEnvHint } from './env-hint.ts'
import { installWhileFetching, installWhileUntold } from './postponed-hooks.ts'
import { execute } from './run-entries.ts'
import { installStopGate, installSuspend, type StopGate } from './stop-gate.ts'
import { waitForTurn } from './wait-for-turn.ts'

/** Part of the time to stop that the modules' `dispose` may take; the rest is for the app's own handlers. */
const DISPOSE_SHARE = 0.8
/** Milliseconds until this process kills itself once the parent is gone, and how many of them are for `dispose`. */
const ORPHAN_TIMEOUT = 1000
const ORPHAN_PATIENCE = 700
/** Milliseconds after which a process that is ready is said to run: a start that goes on behind a promise may fail in them. */
const SETTLED = 100

const exit = (code: number) => process.exit(code)
let gate: StopGate | undefined
let runner: SessionRunner | undefined
let isWaiting = false
let envHint: EnvHint | undefined

/** Runs the app, once. Calls `ready` when its entries have been executed. */
export function bootstrap(ready: () => void): void {
  const ports = openPorts()
  takeArgv()
  installCrashReport(exit, ports.failed, () => envHint?.say())
  start(ports).then(ready, (error) => {
    // a standby that fails before its turn: the app's process is another one, so it ends in silence
    if (isWaiting) exit(1)
    // thrown outside of the promise: Node then treats it as an uncaught exception of the entry, not as an unhandled rejection
    process.nextTick(() => {
      throw error
    })
  })
}

async function start(ports: OpenPorts): Promise<void> {
  const app = openApp()
  listenToParent({ signal: (signal) => gate?.stop(signal), gone: orphaned })
  await installWhileUntold(app)
  const { stop, root, hintsEnv, waits, cacheDir, serve, isKept } = await app.settings
  keepCompiledCode(join(cacheDir, 'compile-cache'))
  isWaiting = waits === true
  gate = installStopGate({
    signals: new Set(['SIGINT', 'SIGTERM', 'SIGHUP', stop.signal as NodeJS.Signals]),
    // the session stays: the handlers of the app may still import something
    dispose: async () => {
      process.once('exit', closeInspector)
      await runner?.dispose()
    },
    patience: stop.timeout * DISPOSE_SHARE,
    report: (error) => console.error(error),
    last: closeInspector,
    exit,
  })
  installSuspend()
  if (hintsEnv) envHint = installEnvHint(root, () => runner?.viteNode.files() ?? [])
  runner = await app.runner
  // a standby has the time
  if (waits) installHooks()
  await waitForTurn(runner)
  // the first process of an app gets no ports: there is nobody yet who could have held some
  if (isKept) ports.begin()
  await ports.given
  isWaiting = false
  const served = serveEntry(runner, serve)
  installMainModule(process.argv[1] as string)
  if (!isKept) await installWhileFetching(runner)
  await execute(runner, runner.config.entries)
  // `listen()` reports EADDRINUSE in a later tick; an app that fails by it must not be called ready
  await new Promise(setImmediate)
  await served.open()
  app.ready()
  // its timers run in order: what the app's start does sooner has been done when this one is due, however slow the machine is
  const settled = new Promise<void>((resolve) => systemClock.after(SETTLED, resolve))
  void sayReady(runner, settled)
  ports.ready()
  envHint?.started()
}

async function sayReady({ joined, server }: SessionRunner, settled: Promise<void>): Promise<void> {
  // a server that comes later must not take for ready what it has not compared yet
  await joined
  server.ready(process.memoryUsage.rss())
  await settled
  server.settled()
}

function orphaned(): void {
  setTimeout(() => {
    if (process.platform === 'win32') exit(1)
    else process.kill(0, 'SIGKILL')
  }, ORPHAN_TIMEOUT)
  if (gate) gate.stop('SIGTERM', ORPHAN_PATIENCE)
  else exit(1)
}
