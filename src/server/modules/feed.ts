/**
 * From a save to a change: what Vite was asked to update becomes, for each session, the code its runner lacks.
 */
import { createDebug } from 'obug'
import { reviveError } from '../../shared/errors.ts'
import type { Change, FetchAnswer, ModuleId, ModuleRecord } from '../../shared/types.ts'
import { createDeferred, type Deferred } from '../../shared/util/deferred.ts'
import { createStream, type Stream, sizeOf } from './code-stream.ts'
import type { Feed, FeedTarget } from './feed-types.ts'
import type { Holds, Records, Take } from './records.ts'
import { withServing } from './serving-records.ts'

const debug = createDebug('vite-tether:change')

/** How much code and map goes into one message, in characters. */
const MESSAGE_SIZE = 4 * 1024 * 1024

/** Milliseconds for which a standby's change leaves the machine to the app, unless that has had its own before. */
const COURTESY = 200

/** See {@link Feed.fetch}. Behind modules that are `known` in their current version the walk does not go on. */
interface FetchOptions {
  importer?: ModuleId | undefined
  fresh?: boolean | undefined
  taken?: Take | undefined
  known?: Holds
}

/** Makes the feed of one session. `records` is asked for each time: an in-process restart of Vite replaces them. */
export function createFeed(name: string, records: () => Promise<Records>, target: FeedTarget): Feed {
  const ledger = new Map<ModuleId, { version: number }>()
  /** Modules in the ledger without the graph behind them: it is on its way, or one of it has failed. */
  const partial = new Set<ModuleId>()
  const streams = new Set<Stream>()
  /** Importer -> what it has asked for by a computed `import()`: nothing tells that it will not do so again. */
  const computed = new Map<ModuleId | undefined, Set<ModuleId>>()
  /** Modules the runner was told of but could not get. */
  const failing = new Set<ModuleId>()
  /**
   * One set per fetch, compare or flush in progress: ids saved meanwhile that this session did not hold yet. They are seeded again
   * when it ends, because what was sent may be the code from before the save.
   */
  const underway = new Set<Set<ModuleId>>()
  const dirty = { seeds: new Set<ModuleId>(), reload: false, review: false }
  let seq = 0
  let answered = 0
  let flushing: Deferred<void> | undefined
  let hurry = () => {}

  const holds = (id: ModuleId) => ledger.get(id)?.version
  const holdsWhole = (id: ModuleId) => (partial.has(id) ? undefined : holds(id))

  const current = <T extends object>(work: (source: Records) => Promise<T>) => withServing(records, work, review)

  const concerns = (id: ModuleId): boolean => ledger.has(id) || failing.has(id)

  /** Does `work`, which enters modules in the ledger; what of them was saved meanwhile counts as saved after it. */
  async function noting<T>(work: () => Promise<T>): Promise<T> {
    const saved = new Set<ModuleId>()
    underway.add(saved)
    try {
      return await work()
    } finally {
      underway.delete(saved)
      save(saved)
    }
  }

  async function collect(seeds: ReadonlySet<ModuleId>, all: boolean): Promise<Omit<Change, 'seq'>> {
    const own = [...seeds].filter(concerns)
    const { modules, failed } = await current((source) => {
      return source.collect(all ? new Set(ledger.keys()) : source.affected(own, holds), holds)
    })
    for (const id of own) failing.delete(id)
    for (const { id } of failed) failing.add(id)
    const delivered = deliver(modules)
    return { ...delivered, seeds: [...own, ...(delivered.stale ?? [])], failed }
  }

  /** Enters in the ledger what fits into a message; the rest the runner does not hold from then on. */
  function deliver(modules: readonly ModuleRecord[]): Pick<Change, 'modules' | 'stale'> {
    let size = 0
    const fitting: ModuleRecord[] = []
    const stale: ModuleId[] = []
    for (const record of modules) {
      failing.delete(record.id)
      size += sizeOf(record)
      if (fitting.length === 0 || size <= MESSAGE_SIZE) {
        fitting.push(record)
        ledger.set(record.id, record)
      } else if (ledger.delete(record.id)) stale.push(record.id)
    }
    return { modules: fitting, ...(stale.length > 0 && { stale }) }
  }

  async function flush(): Promise<void> {
    if (flushing) return
    flushing = createDeferred()
    try {
      if (target.waits) await courtesy()
      while (dirty.seeds.size > 0 || dirty.reload || dirty.review) {
        // what is saved while Vite restarts, or while the last batch is transformed, makes one batch
        await records()
        const { seeds, reload, review } = dirty
        Object.assign(dirty, { seeds: new Set(), reload: false, review: false })
        // a plugin that asks for a reload may have invalidated anything
        const change = await noting(() => collect(seeds, review || reload))
        const { modules, failed } = change
        if (!reload && change.seeds.length === 0 && modules.length === 0 && failed.length === 0) continue
        debug(
          '%s change %d: seeds %o, %d modules, %d failed',
          name,
          seq + 1,
          change.seeds,
          modules.length,
          failed.length,
        )
        target.change({ ...change, seq: ++seq, ...(reload && { reload }) })
      }
    } catch (error) {
      // the hub was closed while this waited for a server that will not come back
      debug('%s flush ended: %o', name, error)
    } finally {
      flushing.resolve()
      flushing = undefined
    }
  }

  /** The app's process and the server are at it right now, with whom this would compete. */
  async function courtesy(): Promise<void> {
    const over = createDeferred<void>()
    const timer = setTimeout(over.resolve, COURTESY).unref()
    hurry = over.resolve
    await over.promise
    clearTimeout(timer)
  }

  function review(): void {
    dirty.review = true
    void flush()
  }

  function save(seeds: Iterable<ModuleId>): void {
    for (const id of seeds) {
      if (concerns(id)) dirty.seeds.add(id)
      else for (const saved of underway) saved.add(id)
    }
    if (dirty.seeds.size > 0) void flush()
  }

  async function fetch(
    url: string,
    { importer, fresh, taken, known = holdsWhole }: FetchOptions,
  ): Promise<FetchAnswer> {
    const stream = createStream(target)
    streams.add(stream)
    const own = new Set<ModuleId>()
    try {
      const answer = await current((source) => source.fetch(url, importer, known, take, fresh))
      if ('external' in answer) return answer
      const { id, failed } = answer
      // with `fresh` the runner knew what to ask for
      if (!fresh) computed.set(importer, (computed.get(importer) ?? new Set()).add(id))
      debug('%s fetch %s: %d modules, %d failed', name, url, own.size, failed.length)
      const modules = await stream.end()
      if (failed.length > 0) {
        if (modules.length > 0) target.modules(modules)
        for (const { id } of failed) failing.add(id)
        throw reviveError(failed[0]!.error)
      }
      if (streams.has(stream)) for (const each of own) partial.delete(each)
      return { id, url: answer.url, modules }
    } finally {
      streams.delete(stream)
    }

    function take(record: ModuleRecord): void {
      // messages to the runner were lost, and this answer is one of them
      if (!streams.has(stream)) return
      const isHeld = holds(record.id) === record.version && !(fresh && own.size === 0)
      partial.add(record.id)
      own.add(record.id)
      failing.delete(record.id)
      taken?.(record)
      if (isHeld) return
      ledger.set(record.id, record)
      stream.add(record)
    }
  }

  async function compare(held: Record<ModuleId, string>): Promise<Change> {
    // version 0 is never current: everything the runner announces is transformed, and only another hash is sent. What is in the
    // ledger besides was sent while the runner put its list together.
    const ids = Object.keys(held)
    for (const [id, { version }] of ledger) if (version === 0) ledger.delete(id)
    for (const id of ids) ledger.set(id, { version: 0 })
    const { modules, failed } = await current((source) => source.collect(ids, holds))
    for (const { id } of failed) failing.add(id)
    // equal code is not sent, and its number is the one that counts from now on
    const isEqual = (record: ModuleRecord) => held[record.id] === record.hash
    for (const record of modules.filter(isEqual)) ledger.set(record.id, record)
    const delivered = deliver(modules.filter((record) => !isEqual(record)))
    return { ...delivered, seq: ++seq, seeds: [...failed.map(({ id }) => id), ...(delivered.stale ?? [])], failed }
  }

  async function catchUp(url: string): Promise<void> {
    await settled()
    try {
      // nothing counts as held: what Vite has invalidated in silence may lie behind modules that are current
      const answer = await noting(() => fetch(url, { known: () => undefined }))
      if ('modules' in answer && answer.modules.length > 0) target.modules(answer.modules)
    } catch (error) {
      // so does a process that is started now: this one must not begin with the code from before
      debug('%s holds nothing that is current: %o', name, error)
      const stale = [...ledger.keys()]
      ledger.clear()
      target.change({ seq: ++seq, seeds: [], modules: [], failed: [], stale })
    }
    // saved meanwhile
    await settled()
  }

  async function settled(): Promise<void> {
    hurry()
    await flushing?.promise
  }

  return {
    get size() {
      return ledger.size
    },
    answered(report) {
      answered = Math.max(answered, report)
    },
    hasWhole: (id) => holdsWhole(id) !== undefined,
    computedBy: (importer) => computed.get(importer) ?? [],
    get pending() {
      return flushing !== undefined || seq > answered
    },

    hurry: () => hurry(),

    catchUp,
    fetch: (url, importer, fresh, taken) => noting(() => fetch(url, { importer, fresh, taken })),
    compare: (held) => noting(() => compare(held)),

    lost() {
      for (const stream of streams) stream.cancel()
      streams.clear()
      ledger.clear()
      partial.clear()
      failing.clear()
      Object.assign(dirty, { seeds: new Set(), reload: false, review: false })
    },

    concerns,
    save,

    reload() {
      dirty.reload = true
      void flush()
    },

    review,
  }
}
