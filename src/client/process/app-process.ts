/**
 * A supervised app process: the hand-over from its parent, and its runner. Opened once, by the bootstrap or, if a preload needs
 * the runner earlier, by the bridge.
 */
import { basename } from 'node:path'
import { createDebug } from 'obug'
import type { Handover, KeptPlace } from '../../shared/handover.ts'
import { startInspector } from '../debug/inspector.ts'
import { loadMetaResolve } from '../evaluate/import-meta.ts'
import { FetchThread } from '../link/sync-fetch.ts'
import { beginRunner, createTetherRunner } from '../runner/open-runner.ts'
import type { SessionRunner, SessionRunnerOptions } from '../runner/session-runner.ts'
import { type KeptCode, readKeptCode } from '../start/kept-code.ts'
import { openParent, type Parent } from './parent.ts'

const debug = createDebug('vite-tether:start')

/** The bootstrap's reactions to its parent. */
export interface ParentListener {
  /** The parent asks this process to act as if it had received `signal` (Windows cannot send it one). */
  signal(signal: NodeJS.Signals): void
  /** The parent is gone. */
  gone(): void
}

/** The process: each half as soon as it is there. */
export interface AppBoot {
  settings: Promise<AppSettings>
  runner: Promise<SessionRunner>
  /** The app has executed its entries. */
  ready(): void
}

/** The parent's settings of this process, as far as it has to know them before there is a server. */
export interface AppSettings extends Omit<Handover, 'url' | 'secret'> {
  /** It begins with what the last start has left. */
  isKept?: true
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
  const parent = openParent({
    signal: (signal) => listener?.signal(signal),
    gone() {
      isGone = true
      listener?.gone()
    },
  })
  const resolver = loadMetaResolve()
  const begun = parent.kept.then((place) => place && readKept(place, parent))
  const settings = begun.then((kept): AppSettings | Promise<AppSettings> =>
    kept ? { ...kept.handover, isKept: true } : parent.handover,
  )
  const runner = begun.then(async (kept) => {
    // before the session is opened: nothing of that may wait for a person
    if (!kept) startInspector((await parent.handover).pause, process.argv[1] as string)
    const fetching = new FetchThread(() => parent.handoverNow())
    // imported before the first module runs, because `require()` of one that uses import.meta.resolve cannot wait for an import
    await resolver
    const options: SessionRunnerOptions = {
      kind: 'supervised',
      name: basename(process.argv[1] as string),
      root: (await settings).root,
      patience: Number.POSITIVE_INFINITY,
      fetchNow: (...args) => fetching.callNow({ call: 'fetch', args }) as never,
    }
    if (!kept) return createTetherRunner({ ...options, ...(await parent.handover) })
    return beginRunner(options, kept, { address: parent.handover, wanted: () => parent.tell({ say: 'need' }) })
  })
  // the bootstrap awaits the same promise and reports its rejection
  runner.catch(() => {})
  // only the command waits for that, and only where there is no server to know of it
  const ready = () => void begun.then((kept) => kept && parent.tell({ say: 'ready' }))
  return { settings, runner, ready }
}

/** Reads the code of the last start; if that is not current, tells the parent to make haste. */
function readKept(place: KeptPlace, parent: Parent): KeptCode | undefined {
  try {
    const kept = readKeptCode(place)
    debug('begins with %d modules of the last start', kept.records.length)
    parent.beginAlone()
    return kept
  } catch (error) {
    debug('nothing of the last start is used: %s', (error as Error).message)
    parent.tell({ say: 'stale' })
    return undefined
  }
}
