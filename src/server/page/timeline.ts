/** Keeps what has happened lately, and the errors that are not mended yet. Listens to the hub's events and to nothing else. */
import { EventEmitter } from 'node:events'
import { isUpToDate } from '../../shared/applied.ts'
import type { FlatError } from '../../shared/errors.ts'
import { statOf } from '../../shared/util/file-stats.ts'
import type { HubEvents, RestartCause, RunnerView } from '../hub-types.ts'
import { showError } from './page-error.ts'
import type { Happening, OpenError, TimelineEntry } from './page-types.ts'

/** Number of entries that are kept. */
const KEPT = 200
/** Number of files that an entry names. */
const FILES = 20
/** A file that was modified longer ago was not written now: it was moved here, or has come with a checkout. */
const LATEST = 5000

/** Events of the timeline, with their arguments. */
export interface TimelineEvents {
  entry: [entry: TimelineEntry]
  /** The errors are others than before. */
  errors: []
}

/** The timeline of one hub. */
export class Timeline extends EventEmitter<TimelineEvents> {
  readonly #root: () => string
  #entries: TimelineEntry[] = []
  #errors: OpenError[] = []
  #count = 0
  /** When the restart of each runner was decided that is under way. */
  readonly #restarting = new Map<string, number>()

  /** `root`: of Vite, for the paths of errors. */
  constructor(hub: EventEmitter<HubEvents>, root: () => string) {
    super()
    this.#root = root
    this.#listen(hub)
  }

  get entries(): readonly TimelineEntry[] {
    return this.#entries
  }

  get errors(): readonly OpenError[] {
    return this.#errors
  }

  /** The last restart, of any runner. */
  get lastRestart(): { runner: string; at: number; cause: RestartCause; reason: string } | undefined {
    return this.#entries.findLast((entry) => entry.kind === 'restart')
  }

  #listen(hub: EventEmitter<HubEvents>): void {
    hub.on('save', (files) => {
      const lag = lagOf(files)
      this.#note({ kind: 'save', files: files.slice(0, FILES), ...(lag !== undefined && { lag }) })
    })
    hub.on('update:applied', ({ id }, report, times) => {
      const { outcome, ms, evaluated, updates, chain } = report
      if (isUpToDate(report)) this.#mend(id, ['update'])
      if (outcome === 'unaffected') return
      const details = { outcome, ms, evaluated, updates, ...(chain && { chain }), ...(times && { times }) }
      this.#note({ kind: 'update', runner: id, ...details })
    })
    hub.on('update:failed', ({ id }, { error }, times) => {
      const shown = this.#fail(id, 'update', error ?? { name: 'Error', message: 'The update has failed.' })
      this.#note({ kind: 'failure', runner: id, error: shown, ...(times && { times }) })
    })
    hub.on('withheld', ({ plugin, files, runners }) => {
      this.#note({ kind: 'withheld', plugin, files: files.slice(0, FILES), runners })
    })
    hub.on('restart', ({ id }, reason, cause) => {
      this.#mend(id, ['restart'])
      this.#restarting.set(id, performance.now())
      this.#note({ kind: 'restart', runner: id, reason, cause })
    })
    hub.on('refused', ({ id }, error) => {
      this.#note({ kind: 'refused', runner: id, error: this.#fail(id, 'restart', error) })
    })
    hub.on('crash', ({ id }, error) => {
      this.#note({ kind: 'crash', runner: id, error: this.#fail(id, 'process', error) })
    })
    hub.on('exit', ({ id }, code, signal, details) => {
      if (!details.requested) this.#restarting.delete(id)
      const isTold = this.#errors.some(({ runner, what }) => runner === id && what === 'process')
      if (!details.requested && code !== 0 && !isTold) {
        const how = signal ? `was killed by ${signal}` : `exited with code ${code}`
        this.#fail(id, 'process', { name: 'Exit', message: `The process ${how}; its output says why.` })
      }
      // it was stopped: nothing waits to be mended
      if (details.requested && details.next === 'none') this.#mend(id)
      this.#note({ kind: 'exit', runner: id, code, signal, details })
    })
    hub.on('runner:ready', ({ id }) => {
      const since = this.#restarting.get(id)
      this.#restarting.delete(id)
      this.#mend(id)
      this.#note({ kind: 'ready', runner: id, ...(since !== undefined && { took: performance.now() - since }) })
    })
    this.#listenToLinks(hub)
  }

  #listenToLinks(hub: EventEmitter<HubEvents>): void {
    const note = ({ id }: RunnerView, what: (Happening & { kind: 'link' })['what']): void => {
      this.#note({ kind: 'link', runner: id, what })
    }
    hub.on('runner:connect', (runner) => {
      if (runner.kind === 'attached') note(runner, 'connected')
    })
    hub.on('runner:resume', (runner) => note(runner, 'resumed'))
    hub.on('runner:resync', (runner) => note(runner, 'compared'))
    hub.on('runner:disconnect', (runner) => {
      const { id, kind, state } = runner
      if (state === 'ended') this.#mend(id)
      // the link of a process that ends goes with it
      if (kind === 'attached' || state === 'ready') note(runner, state === 'ended' ? 'left' : 'lost')
    })
  }

  #note(happening: Happening): void {
    const entry: TimelineEntry = { ...happening, n: ++this.#count, at: Date.now() }
    this.#entries.push(entry)
    if (this.#entries.length > KEPT) this.#entries.shift()
    this.emit('entry', entry)
  }

  /** The newest error of its kind stands for those before. */
  #fail(runner: string, what: OpenError['what'], error: FlatError): OpenError['error'] {
    const shown = showError(error, this.#root())
    const others = this.#errors.filter((each) => each.runner !== runner || each.what !== what)
    this.#errors = [...others, { runner, what, at: Date.now(), error: shown }]
    this.emit('errors')
    return shown
  }

  /** Without `kinds` all errors of the runner are mended. */
  #mend(runner: string, kinds: readonly OpenError['what'][] = ['update', 'restart', 'process']): void {
    const rest = this.#errors.filter((each) => each.runner !== runner || !kinds.includes(each.what))
    if (rest.length === this.#errors.length) return
    this.#errors = rest
    this.emit('errors')
  }
}

/** Milliseconds since the newest of these files was written; `undefined` if none was written just now. */
function lagOf(files: readonly string[]): number | undefined {
  const written = files.slice(0, FILES).map((file) => statOf(file)?.mtimeMs ?? 0)
  const lag = Date.now() - Math.max(...written)
  return lag >= 0 && lag < LATEST ? lag : undefined
}
