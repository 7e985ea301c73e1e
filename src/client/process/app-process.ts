/**
 * A supervised app process: the hand-over from its parent, and its runner. Opened once, by the bootstrap or, if a preload needs
 * the runner earlier, by the bridge.
 */
import { basename } from 'node:path'
import type { Handover } from '../../shared/handover.ts'
import { startInspector } from '../debug/inspector.ts'
import { loadMetaResolve } from '../evaluate/import-meta.ts'
import { FetchThread } from '../link/sync-fetch.ts'
import { createTetherRunner, type SessionRunner } from '../runner/session-runner.ts'
import { readHandover } from './parent.ts'

/** The bootstrap's reactions to its parent. */
export interface ParentListener {
  /** The parent asks this process to act as if it had received `signal` (Windows cannot send it one). */
  signal(signal: NodeJS.Signals): void
  /** The parent is gone. */
  gone(): void
}

/** The process: each half as soon as it is there. */
export interface AppBoot {
  handover: Promise<Handover>
  runner: Promise<SessionRunner>
}

let opened: AppBoot | undefined
let listener: ParentListener | undefined
let isGone = false

/** Connects to the server, once. To be called when argv is the app's. */
export function openApp(): AppBoot {
  opened ??= open()
  return opened
}

/** Sets the listener for what happens to the parent. If the parent is gone already, it is told at once. */
export function listenToParent(to: ParentListener): void {
  listener = to
  if (isGone) to.gone()
}

function open(): AppBoot {
  const handover = readHandover({
    signal: (signal) => listener?.signal(signal),
    gone() {
      isGone = true
      listener?.gone()
    },
  })
  const resolver = loadMetaResolve()
  const runner = handover.then(async ({ url, secret, root, pause }) => {
    // before the session is opened: nothing of that may wait for a person
    startInspector(pause, process.argv[1] as string)
    const fetching = new FetchThread(() => ({ url, secret }))
    // imported before the first module runs, because `require()` of one that uses import.meta.resolve cannot wait for an import
    await resolver
    return createTetherRunner({
      url,
      secret,
      root,
      kind: 'supervised',
      name: basename(process.argv[1] as string),
      patience: Number.POSITIVE_INFINITY,
      fetchNow: (...args) => fetching.callNow({ call: 'fetch', args }) as never,
    })
  })
  // the bootstrap awaits the same promise and reports its rejection
  runner.catch(() => {})
  return { handover, runner }
}
