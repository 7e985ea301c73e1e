/** The seam between the hooks of this thread and the runner that answers them. */

import type { NativeLoads } from '../evaluate/native-loads.ts'
import type { ModuleNamespace } from '../module-types.ts'

/** The runner of this thread, made when it is first needed. */
export interface Provider {
  /** Makes it if there is none. Rejects if the server cannot be used. */
  open(): Promise<BridgedRunner>
  /** The same while the caller waits. Throws. */
  openNow(): BridgedRunner
}

/** As much of a runner as the hooks need. */
export interface BridgedRunner {
  import(url: string): Promise<ModuleNamespace>
  readonly native: NativeLoads
}
