/** Takes part in the updates of a runner beside its modules: the values that `keep()` holds, ports, an entry whose export is served. */
import type { ModuleId } from '../../shared/types.ts'
import type { Boundary } from './propagate.ts'

/** Told of the steps of each update, in this order: begin, check, commit or rollBack, end, and sweep once all that was let go is gone. */
export interface Participant {
  /** Modules could be replaced in place, up to `boundaries`. The reason, for people, for which a new process has to run them instead. */
  objects?(replaced: ReadonlySet<ModuleId>, boundaries: readonly Boundary[]): string | undefined
  /** The instances of `replaced` are about to be disposed, and those of `leaving` will be if the update succeeds. */
  begin(replaced: ReadonlySet<ModuleId>, leaving: ReadonlySet<ModuleId>): Promise<void>
  /** The new instances are evaluated. Rejects with the error of something that they have begun, and that has failed meanwhile. */
  check?(): Promise<void>
  /** The update is going to stay. */
  commit(): void
  /** One of them has failed; the old ones are not back yet. */
  rollBack(): Promise<void>
  /** After either, and after the callbacks of those that have accepted. */
  end(): void
  /** Disposes what no module keeps any more. */
  sweep(): Promise<void>
  /** The runner is about to end: takes nothing new, and lets end what is under way. */
  drain(): Promise<void>
  /** All modules are disposed. */
  close(): Promise<void>
}

/** Tells all of `participants`, in this order. */
export function together(participants: readonly Participant[]): Participant {
  const all = async (tell: (each: Participant) => Promise<void> | undefined) => {
    for (const each of participants) await tell(each)
  }
  return {
    objects: (...args) => participants.map((each) => each.objects?.(...args)).find((reason) => reason !== undefined),
    begin: (...args) => all((each) => each.begin(...args)),
    check: () => all((each) => each.check?.()),
    commit() {
      for (const each of participants) each.commit()
    },
    rollBack: () => all((each) => each.rollBack()),
    end() {
      for (const each of participants) each.end()
    },
    sweep: () => all((each) => each.sweep()),
    drain: () => all((each) => each.drain()),
    close: () => all((each) => each.close()),
  }
}
