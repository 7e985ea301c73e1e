/**
 * The runner of a process or thread that an app process has started: modules come from the same server, and a save of any of
 * them restarts the app.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { TetherError } from '../../shared/errors.ts'
import { type Invitation, WANTED } from '../../shared/handover.ts'
import type { FetchAnswer, RunnerConfig } from '../../shared/types.ts'
import { loadMetaResolve } from '../evaluate/import-meta.ts'
import { installMainModule } from '../evaluate/main-module.ts'
import { reportLoads } from '../evaluate/native-loads.ts'
import { FetchThread } from '../link/sync-fetch.ts'
import { installCrashReport } from '../process/crash-report.ts'
import { TetherNodeRunner } from '../runner/node-runner.ts'
import type { BridgedRunner, Provider } from './provider.ts'

/** Milliseconds to wait for a server that is being started, and between two looks. */
const PATIENCE = 60_000
const POLL = 10

/** Options of a helper. */
export interface HelperOptions {
  /** Path of the file that says where the server is. */
  invitation: string
  /** Id of the app that it belongs to. */
  app: string
  /** Ends the process after an error that nobody catches; `undefined` in a thread, whose starter is told. */
  exit: ((code: number) => void) | undefined
}

/** Makes the provider of such a process. Nothing is asked of the server before an app file is loaded. */
export async function createHelper({ invitation, app, exit }: HelperOptions): Promise<Provider> {
  // imported now, because `require()` of a module that uses import.meta.resolve cannot wait for an import
  await loadMetaResolve()
  let runner: BridgedRunner | undefined

  function openNow(): BridgedRunner {
    if (runner) return runner
    runner = make(accept(invitation), app)
    if (exit) installCrashReport(exit)
    return runner
  }

  return {
    open: async () => openNow(),
    openNow,
  }
}

function make(invitation: Invitation, app: string): BridgedRunner {
  const entry = process.argv[1] ?? ''
  const thread = new FetchThread(() => ({
    ...invitation,
    info: { name: basename(entry), kind: 'helper', pid: process.pid, host: hostname(), root: '', app },
  }))
  const config = thread.callNow({ call: 'init' }) as RunnerConfig
  installMainModule(entry)
  const runner = new TetherNodeRunner({
    root: config.root,
    source: { fetch: async (...args) => (await thread.call({ call: 'fetch', args })) as FetchAnswer },
    env: config.env,
    fetchNow: (...args) => thread.callNow({ call: 'fetch', args }) as FetchAnswer,
    loadedNatively: reportLoads((files) => void thread.call({ call: 'loaded', args: [files] })),
  })
  return { import: (url) => runner.import(url), native: runner.native! }
}

/**
 * The content of a file, once it is there. Blocks the thread while the app runs and its server is still to come: that has made the folder
 * already, and may be in the middle of writing the file.
 */
function awaitJson(file: string): unknown {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  const end = performance.now() + PATIENCE
  for (let isTold = false; ; isTold = true) {
    try {
      return JSON.parse(readFileSync(file, 'utf8'))
    } catch (error) {
      if (!existsSync(dirname(file)) || performance.now() > end) throw error
    }
    if (!isTold) writeFileSync(join(dirname(file), WANTED), '')
    Atomics.wait(pause, 0, 0, POLL)
  }
}

/** Throws `ERR_CONNECT` if the server that wrote the invitation is gone. */
function accept(file: string): Invitation {
  try {
    return awaitJson(file) as Invitation
  } catch (cause) {
    throw new TetherError(
      'ERR_CONNECT',
      `This process inherited vite-tether's loader (--import in execArgv), but the server that it belongs to is gone (${file}).`,
      { cause },
    )
  }
}
