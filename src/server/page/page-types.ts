/** The data of the page: what its server sends and its browser shows. */
import type { ExitDetails, RestartCause, RunnerView, UpdateTimes, WithheldSave } from '../hub-types.ts'

/** An error with the code that it is about. */
export interface ShownError {
  name: string
  message: string
  /** `file:line:column`, relative to Vite's root where it lies in it. */
  place?: string
  /** The lines of code around the place. */
  frame?: string
  stack?: string
}

/** Something that has happened. `runner` is an id. */
export type Happening =
  /** `lag`: milliseconds from the file's time of modification until the server knew. */
  | { kind: 'save'; files: string[]; lag?: number }
  | ({ kind: 'update'; runner: string; times?: UpdateTimes } & Pick<
      NonNullable<RunnerView['lastUpdate']>,
      'outcome' | 'ms' | 'evaluated' | 'updates' | 'chain'
    >)
  | { kind: 'failure'; runner: string; error: ShownError; times?: UpdateTimes }
  | ({ kind: 'withheld' } & Pick<WithheldSave, 'plugin' | 'files' | 'runners'>)
  | { kind: 'restart'; runner: string; reason: string; cause: RestartCause }
  | { kind: 'refused' | 'crash'; runner: string; error: ShownError }
  /** `took`: milliseconds from the decision to restart, if it was one. */
  | { kind: 'ready'; runner: string; took?: number }
  | { kind: 'exit'; runner: string; code: number | null; signal: string | null; details: ExitDetails }
  | { kind: 'link'; runner: string; what: 'connected' | 'resumed' | 'compared' | 'lost' | 'left' }

/** An entry of the timeline: `n` counts them, `at` is in milliseconds since the epoch. */
export type TimelineEntry = Happening & { n: number; at: number }

/** An error that is not mended yet. */
export interface OpenError {
  runner: string
  /** The thing that has failed: an update, a restart that was due, or the process. */
  what: 'update' | 'restart' | 'process'
  at: number
  error: ShownError
}

/** A runner as the page shows it. */
export type ShownRunner = Omit<RunnerView, 'lastUpdate'>

/** The first message of a stream. */
export interface Snapshot {
  /** Names the page: one with another name has to be loaded again, as its token is another one. */
  page: string
  root: string
  runners: ShownRunner[]
  entries: TimelineEntry[]
  errors: OpenError[]
}

/** A module in a list. */
export interface FoundModule {
  url: string
  importers: number
  /** It accepts updates of itself. */
  accepts: boolean
}

/** The answer to a search: the best matches, and how many there are. */
export interface FoundModules {
  total: number
  modules: FoundModule[]
}

/** The way of an update from a module: URLs, from that module to a boundary or to a root. */
export type Way = string[]

/** A module's place in the graph. */
export interface ShownModule extends FoundModule {
  /** URLs of the modules that import it, and of those it imports. At most 200 each. */
  importedBy: string[]
  imports: string[]
  /** The ways that end at a boundary, which accepts the update. */
  accepted: Way[]
  /** The ways that end at a root: with one of them, a save restarts the app. */
  unaccepted: Way[]
  /** Modules that lie on all unaccepted ways, the nearest first: an `accept()` in one of them would make a save an update in place. */
  wouldAccept: string[]
}
