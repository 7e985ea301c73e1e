/**
 * From a save to a change: what Vite was asked to update becomes, for each session, the code its runner lacks.
 */
import { createDebug } from 'obug'
import { reviveError } from '../../shared/errors.ts'
import type { Change, FetchAnswer, ModuleId, ModuleRecord } from '../../shared/types.ts'
import { createDeferred } from '../../shared/util/deferred.ts'
import { importName, mayMean } from '../../shared/util/file-path.ts'
import { isGone } from '../../shared/util/file-stats.ts'
import { ChangeLoop, isOver } from './change-loop.ts'
import { createStream, type Stream, sizeOf } from './code-stream.ts'
import type { Feed, FeedTarget, IsProven } from './feed-types.ts'
import { Ledger } from './ledger.ts'
import type { Holds, Records } from './records.ts'
import { withServing } from './serving-records.ts'
import { Uncompared } from './uncompared.ts'

const debug = createDebug('vite-tether:change')

/** Greatest size of code and maps in one message, in characters. */
const MESSAGE_SIZE = 4 * 1024 * 1024

/** See {@link Feed.fetch}. Behind modules that are `known` in their current version the walk does not go on. */
interface FetchOptions {
  importer?: ModuleId | undefined
  fresh?: boolean | undefined
  asked?: ((id: ModuleId) => void) | undefined
  known?: Holds
}

/** Makes the feed of one session. `records` is asked for each time: an in-process restart of Vite replaces them. */
export function createFeed(name: string, records: () => Promise<Records>, target: FeedTarget): Feed {
  const ledger = new Ledger()
  const uncompared = new Uncompared()
  const streams = new Set<Stream>()
  /** One set of ids a fetch, comparison or change in progress; see {@link noting}. */
  const underway = new Set<Set<ModuleId>>()
  const loop = new ChangeLoop({
    name,
    serving: records,
    collect: (seeds, all) => noting(() => collect(seeds, all)),
    send,
    failed: (error) => target.failed(error),
    isStandby: () => target.waits,
  })

  const current = <T extends object>(work: (source: Records) => Promise<T>) =>
    withServing(records, work, () => loop.review())

  /**
   * Does `work`, which asks Vite for code and enters it in the ledger. Without this, a save in between would be lost: `work` is
   * given version 1 of b.js, then b.js is saved, which is no concern of a runner that does not hold it, then `work` enters
   * version 1, and nothing sends version 2. So what is saved meanwhile, and is not held yet, counts as saved at the end.
   */
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

  function save(seeds: Iterable<ModuleId>): void {
    for (const id of seeds) {
      if (ledger.concerns(id)) loop.save(id)
      else for (const saved of underway) saved.add(id)
    }
  }

  /**
   * A linked package is refused while no module that may import it is known: its importer was renamed, then Vite restarted. Nobody saves it when
   * a module imports it again, so the walk from there has to come to it, or the runner goes on with the refusal.
   */
  function unlessFailing(holds: Holds): Holds {
    return (id) => (ledger.isFailing(id) ? undefined : holds(id))
  }

  async function collect(seeds: ReadonlySet<ModuleId>, all: boolean): Promise<Omit<Change, 'seq'>> {
    const own = [...seeds].filter(ledger.concerns)
    const { modules, failed } = await current((source) => {
      // Vite's graph does not have those that it has not transformed
      const unknown = own.filter((id) => uncompared.has(id))
      const ids = all ? ledger.ids : [...source.affected(own, ledger.version), ...unknown]
      return source.collect(new Set(ids), unlessFailing(ledger.version))
    })
    uncompared.delete(own)
    ledger.retry(own)
    ledger.refuse(failed)
    const delivered = deliver(modules)
    return { ...delivered, seeds: [...own, ...(delivered.stale ?? [])], failed }
  }

  function send(change: Change, since?: number): void {
    try {
      target.change(change, since)
    } catch (error) {
      ledger.outdate(change.modules)
      throw error
    }
  }

  /** Enters the records that fit into a message in the ledger. Of the others the runner forgets the code that it holds, and fetches it when needed. */
  function deliver(modules: readonly ModuleRecord[]): Pick<Change, 'modules' | 'stale'> {
    let size = 0
    const fitting: ModuleRecord[] = []
    const stale: ModuleId[] = []
    for (const record of modules) {
      size += sizeOf(record)
      ledger.noteSave(record.id)
      if (fitting.length === 0 || size <= MESSAGE_SIZE) {
        fitting.push(record)
        ledger.hold(record)
      } else {
        ledger.retry([record.id])
        if (ledger.drop(record.id)) stale.push(record.id)
      }
    }
    return { modules: fitting, ...(stale.length > 0 && { stale }) }
  }

  async function fetch(url: string, options: FetchOptions): Promise<FetchAnswer> {
    const { importer, fresh, asked, known = unlessFailing(ledger.wholeVersion) } = options
    const stream = createStream(target)
    streams.add(stream)
    const own = new Set<ModuleId>()
    try {
      const answer = await current((source) => source.fetch(url, importer, known, take, fresh))
      if ('external' in answer) return answer
      const { id, failed } = answer
      debug('%s fetch %s: %d modules, %d failed', name, url, own.size, failed.length)
      const modules = await stream.end()
      if (failed.length > 0) {
        for (const each of failed) asked?.(each.id)
        if (modules.length > 0) target.modules(modules)
        ledger.refuse(failed)
        throw reviveError(failed[0]!.error)
      }
      // A `fresh` fetch asks for a module that the importer's code shows: no computed import(). One that fails, and is caught, may fail
      // in the next process, too.
      if (!fresh) ledger.noteComputed(importer, id)
      if (streams.has(stream)) ledger.complete(own)
      return { id, url: answer.url, modules }
    } finally {
      streams.delete(stream)
    }

    function take(record: ModuleRecord): void {
      // messages to the runner were lost meanwhile, and this answer would be, too: it must not enter the new ledger
      if (!streams.has(stream)) return
      const isAsked = (fresh && own.size === 0) || ledger.isFailing(record.id)
      const isHeld = ledger.version(record.id) === record.version && !isAsked
      own.add(record.id)
      ledger.holdPartially(record)
      asked?.(record.id)
      if (!isHeld) stream.add(record)
    }
  }

  async function compare(held: Record<ModuleId, string>, isProven: IsProven): Promise<Change> {
    ledger.announce(Object.keys(held))
    const proven = new Map(Object.entries(held).filter(([id, hash]) => isProven(id, hash)))
    const rest = Object.entries(held).filter(([id]) => !proven.has(id))
    const answered = createDeferred<void>()
    const settled = async () => {
      await answered.promise
      await loop.settled()
    }
    // before anything is waited for: a save that comes meanwhile finds them here
    let hasFailed = false
    uncompared.begin(proven, settled, async (batch) => {
      try {
        const change = await noting(() => difference(batch))
        const { modules, seeds, failed } = change
        if (modules.length + seeds.length + failed.length > 0) send(loop.number(change))
        return true
      } catch (error) {
        // the next batches are likely to fail alike
        if (!hasFailed && !isOver(error)) target.failed(error)
        hasFailed = true
        return false
      }
    })
    try {
      return loop.number(await difference(Object.fromEntries(rest)))
    } finally {
      answered.resolve()
    }
  }

  async function difference(held: Record<ModuleId, string>): Promise<Omit<Change, 'seq'>> {
    const ids = Object.keys(held)
    const { modules, failed } = await current((source) => source.collect(ids, ledger.version))
    ledger.refuse(failed)
    // equal code is not sent; the ledger takes its present version, so that the next save sends only what differs
    const isEqual = (record: ModuleRecord) => held[record.id] === record.hash
    for (const record of modules.filter(isEqual)) ledger.hold(record)
    const delivered = deliver(modules.filter((record) => !isEqual(record)))
    const seeds = [...failed.map(({ id }) => id), ...(delivered.stale ?? [])]
    return { ...delivered, seeds, failed }
  }

  async function lacks(ids: readonly ModuleId[]): Promise<boolean> {
    // what is on its way counts as held
    await loop.settled()
    const isCompared = (id: ModuleId) => ledger.concerns(id) && !uncompared.has(id)
    const { modules, failed } = await current((source) => source.collect(ids.filter(isCompared), ledger.version))
    return modules.length + failed.length > 0
  }

  /** Has the runner forget code. */
  function forget(stale: ModuleId[]): void {
    if (stale.length === 0) return
    for (const id of stale) ledger.drop(id)
    send(loop.number({ seeds: [], modules: [], failed: [], stale }))
  }

  async function catchUp(url: string): Promise<void> {
    await loop.settled()
    try {
      // no module counts as held, so that the walk goes on behind current modules: one behind them may have been invalidated
      const graph = new Set<ModuleId>()
      const asked = (id: ModuleId) => void graph.add(id)
      const answer = await noting(() => fetch(url, { known: () => undefined, asked }))
      if ('modules' in answer && answer.modules.length > 0) target.modules(answer.modules)
      // nothing has told that these are imported no more: a save of one must not concern the process that is to begin
      forget(ledger.ids.filter((id) => !graph.has(id)))
    } catch (error) {
      // a new process would fail with this error, too: the standby drops its code, or it would begin with the code from before
      debug('%s holds nothing that is current: %o', name, error)
      forget(ledger.ids)
    }
    // saves that came during the walk
    await loop.settled()
  }

  return {
    get size() {
      return ledger.size
    },
    get pending() {
      return loop.isPending
    },
    answered: (seq) => loop.answered(seq),
    hasWhole: (id) => ledger.wholeVersion(id) !== undefined,
    hadFor(path) {
      // the first test leaves few for the second, of which there may be a million: each import() with each module
      const start = importName(path)
      return ledger.ids.some((id) => id.startsWith(start) && mayMean(path, id) && isGone(id))
    },
    isNews: ({ id, version }) => ledger.isSaved(id) || ledger.version(id) !== version,
    computedBy: (importer) => ledger.computedBy(importer),
    concerns: ledger.concerns,
    mayHold: (id) => underway.size > 0 || ledger.concerns(id),
    lacks,
    hurry: () => loop.hurry(),
    save,
    reload: () => loop.reload(),
    review: () => loop.review(),
    catchUp,
    fetch: (url, importer, fresh, asked) => noting(() => fetch(url, { importer, fresh, asked })),
    compare: (held, isProven = () => false) => noting(() => compare(held, isProven)),
    get compared() {
      return uncompared.done
    },
    saveUnknown(id) {
      if (uncompared.has(id)) loop.save(id)
    },
    end: () => uncompared.end(),

    lost() {
      for (const stream of streams) stream.cancel()
      streams.clear()
      ledger.forget()
      uncompared.end()
      loop.forget()
    },
  }
}
