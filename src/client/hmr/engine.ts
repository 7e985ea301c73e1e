/** The state of one runner's HMR: registrations, the queue of its updates, and modules that failed or were postponed. */
import type { Applied, ModuleId } from '../../shared/types.ts'
import type { ViteNodeRunner } from '../vite-node-runner.ts'
import { type CacheData, createCache } from './cache.ts'
import type { HotRuntime } from './hot-runtime.ts'
import { createInProcessRuntime } from './in-process/vite-node-runtime.ts'
import { createLog, type Log, type Logger } from './log.ts'
import type { Participant } from './participant.ts'

/** For a change that no module accepts: `restart` leaves it to the supervisor, `reload` executes the entries again. */
export type UnacceptedPolicy = 'restart' | 'reload'

/** The times for which the engine waits for application code, in ms. */
export interface EngineLimits {
  /** For evaluations under way of modules that are to be replaced. @default 1000 */
  settle: number
  /** For one `dispose` or `prune` callback, or one event listener. @default 5000 */
  callback: number
  /** For an evaluation that has not ended (a top-level `await`), once the next update waits: it is put off then. @default 1000 */
  evaluate: number
}

/** All of it optional; a plain `ViteNodeRunner` needs no configuration. */
export interface EngineOptions {
  logger?: Logger
  /** @default 'reload' */
  onUnaccepted?: UnacceptedPolicy
  /** Told of every change that was handled, those that `invalidate()` caused included (their `seq` is 0). */
  report?: (applied: Applied) => void
  limits?: Partial<EngineLimits>
  /** Takes part in updates beside the modules. */
  participant?: Participant
}

/** One task at a time, in order. */
interface UpdateQueue {
  /** Runs `task` after all that were added before it, whether those failed or not. `isUrgent`: see `pressed`. */
  add<T>(task: () => Promise<T>, isUrgent?: boolean): Promise<T>
  /** Resolves as soon as an urgent task waits for the one that is running. */
  pressed(): Promise<void>
}

/** The state behind `vite-tether/hmr` for one runner. */
export interface Engine {
  readonly runner: ViteNodeRunner
  readonly runtime: HotRuntime
  readonly cache: CacheData
  readonly queue: UpdateQueue
  /** Modules whose last update failed: every apply covers them until one succeeds. */
  readonly failing: Set<ModuleId>
  /** Modules whose update took so long that a later one was done first. */
  readonly postponed: Set<ModuleId>
  /** The failure that was shown last while something is failing, so that a retry does not show it again. */
  shown: string | undefined
  /** Modules may have become unreached: one was let go, maybe while roots could not tell. `pruneUnreached` settles it. */
  owesPrune: boolean
  /** Entries as the user names them; a reload executes them, in this order. */
  files: readonly string[]
  /** Modules that have called `invalidate()` in the chain of updates being applied, the first one first. */
  invalidators: readonly ModuleId[]
  /** All that have called it since the last save, whichever update it was in. */
  readonly invalidatedSince: Set<ModuleId>
  participant: Participant | undefined
  log: Log
  onUnaccepted: UnacceptedPolicy
  report: (applied: Applied) => void
  limits: EngineLimits
}

const ENGINES = Symbol.for('vite-tether:engines')

const DEFAULT_LIMITS: EngineLimits = { settle: 1000, callback: 5000, evaluate: 1000 }

/** Shared by the files of this package that have this code: the app's process is one, `vite-tether/hmr` another. */
const store = globalThis as { [ENGINES]?: WeakMap<ViteNodeRunner, Engine> }
store[ENGINES] ??= new WeakMap()
const engines = store[ENGINES]

/** The engine of `runner`: over its own `runtime` if it has one, else over vite-node's module cache. */
export function getEngine(runner: ViteNodeRunner): Engine {
  let engine = engines.get(runner)
  if (!engine) {
    const own = (runner as { runtime?: HotRuntime }).runtime
    const cache = createCache()
    engine = {
      runner,
      runtime: own ?? createInProcessRuntime(runner),
      cache,
      queue: createQueue(cache),
      participant: undefined,
      failing: new Set(),
      postponed: new Set(),
      shown: undefined,
      owesPrune: false,
      files: [],
      invalidators: [],
      invalidatedSince: new Set(),
      log: createLog(),
      onUnaccepted: 'reload',
      report: () => {},
      limits: DEFAULT_LIMITS,
    }
    engines.set(runner, engine)
  }
  return engine
}

/** Makes the queue. Its public face are `pending` and `queued` of the cache. */
function createQueue(cache: Pick<CacheData, 'pending' | 'queued'>): UpdateQueue {
  let last: Promise<unknown> = Promise.resolve()
  let wake: (() => void) | undefined
  let urgent = 0
  return {
    add(task, isUrgent = true) {
      const turn = last.then(() => {
        if (isUrgent) urgent--
        cache.queued.splice(cache.queued.indexOf(turn), 1)
        cache.pending = true
        return task()
      })
      const end = () => {
        cache.pending = cache.queued.length > 0
      }
      last = turn.then(end, end)
      cache.queued.push(turn)
      if (isUrgent) {
        urgent++
        wake?.()
      }
      return turn
    },
    pressed() {
      if (urgent > 0) return Promise.resolve()
      return new Promise((resolve) => {
        wake = resolve
      })
    },
  }
}

/** Sets what is not the default. */
export function configureEngine(runner: ViteNodeRunner, options: EngineOptions): void {
  const engine = getEngine(runner)
  if (options.logger) engine.log = createLog(options.logger)
  if (options.onUnaccepted) engine.onUnaccepted = options.onUnaccepted
  if (options.report) engine.report = options.report
  if (options.participant) engine.participant = options.participant
  if (options.limits) engine.limits = { ...engine.limits, ...options.limits }
}

/**
 * The registrations and the update state of a runner.
 * @param runner the runner that executes the modules
 */
export function getCache(runner: ViteNodeRunner): CacheData {
  return getEngine(runner).cache
}

/** Ids of the entries, in the order given. */
export function entriesOf({ runtime, files }: Engine): Promise<ModuleId[]> {
  return Promise.all(files.map((file) => runtime.resolve(file)))
}

/** Where the graph hangs: the entries, and what else was imported from outside and has an instance. */
export async function rootsOf(engine: Engine): Promise<ModuleId[]> {
  const imported = [...engine.runtime.roots()].filter((id) => engine.runtime.node(id))
  return [...new Set([...(await entriesOf(engine)), ...imported])]
}
