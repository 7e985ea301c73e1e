/** An entry whose export answers requests accepts itself: the next request finds what the new code exports. */
import type { ModuleId } from '../../shared/types.ts'
import type { HotCallback } from '../hmr/cache.ts'
import { configureEngine, type Engine } from '../hmr/engine.ts'
import { type Participant, together } from '../hmr/participant.ts'
import type { Boundary } from '../hmr/propagate.ts'
import { acceptedBy } from '../hmr/registrations.ts'
import type { Leftovers } from './leftovers.ts'

/** The served entry, as its updates need it. */
export interface UpdatedEntry {
  /** Requests are answered by what it exports. */
  answers(): boolean
  /** Its code has been evaluated anew. Rejects if that cannot answer: the old code stays. */
  check(): Promise<void>
  /** An update has ended, in any way. */
  updated(): void
}

/** Lets `entry`, which has been executed, accept itself from now on, as long as it `answers`. */
export function updateInPlace(engine: Engine, leftovers: Leftovers, entry: string, served: UpdatedEntry): void {
  const { cache, runtime } = engine
  const id = runtime.toId(entry)
  let isReplaced = false

  // the registrations of an instance go with it
  function accept(): void {
    const hot = cache.hotModulesMap.get(id) ?? { id, callbacks: [] }
    if (!hot.callbacks.includes(own)) hot.callbacks.push(own)
    cache.hotModulesMap.set(id, hot)
  }
  const own: HotCallback = { deps: [id], fn: () => {} }

  function forget(): void {
    const hot = cache.hotModulesMap.get(id)
    if (hot) hot.callbacks = hot.callbacks.filter((callback) => callback !== own)
  }

  /** Nothing but the registration of ours accepts for the entry. */
  function isOurs({ boundary, accepted }: Boundary): boolean {
    return (
      boundary === id && accepted === id && acceptedBy(cache.hotModulesMap.get(id), id).every((each) => each === own)
    )
  }

  const participant: Participant = {
    objects(replaced, boundaries) {
      if (!boundaries.some(isOurs)) return undefined
      const disposes = (module: ModuleId) => cache.disposeMap.has(module)
      const left = leftovers.of(new Set([...replaced].filter((module) => !disposes(module))))
      return (
        left &&
        `${runtime.toUrl(left.by).replace(/^\//, '')} has left ${left.kind} and no import.meta.hot.dispose() that ends it`
      )
    },
    begin: async (replaced) => {
      isReplaced = replaced.has(id)
      leftovers.watch()
    },
    check: async () => {
      if (isReplaced && served.answers()) await served.check()
    },
    commit() {
      if (served.answers()) accept()
      else forget()
    },
    rollBack: async () => {},
    end() {
      leftovers.rest()
      served.updated()
    },
    sweep: async () => {},
    drain: async () => {},
    close: async () => {},
  }
  configureEngine(engine.runner, {
    participant: together([participant, ...(engine.participant ? [engine.participant] : [])]),
  })
  accept()
}
