/** Takes part in the updates of a runner beside its modules: the values that `keep()` holds. */
import type { ModuleId } from '../../shared/types.ts'

/** Told of the steps of each update, in this order: begin, commit or rollBack, end, and sweep once all that was let go is gone. */
export interface Participant {
  /** The instances of `replaced` are about to be disposed. */
  begin(replaced: ReadonlySet<ModuleId>): Promise<void>
  /** The new instances are evaluated. */
  commit(): void
  /** One of them has failed; the old ones are not back yet. */
  rollBack(): Promise<void>
  /** After either. */
  end(): void
  /** Disposes what no module keeps any more. */
  sweep(): Promise<void>
  /** The runner is about to end: takes nothing new, and lets end what is under way. */
  drain(): Promise<void>
  /** All modules are disposed. */
  close(): Promise<void>
}
