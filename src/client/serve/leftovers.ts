/**
 * Timers, sockets and the like that modules have begun while they were evaluated. Whoever writes `accept()` sees to their end; an entry that
 * accepts itself without a word must not leave them running beside those of the new code.
 */
import { createHook } from 'node:async_hooks'
import type { ModuleId } from '../../shared/types.ts'

/** For people, by the name that Node has for them. Accepted connections and what files are read with are not among them. */
const KINDS: Record<string, string> = {
  Timeout: 'a timer',
  TCPWRAP: 'a socket',
  PIPEWRAP: 'a socket',
  UDPWRAP: 'a socket',
  TCPSERVERWRAP: 'a server',
  PIPESERVERWRAP: 'a server',
  FSEVENTWRAP: 'a file watcher',
  STATWATCHER: 'a file watcher',
  PROCESSWRAP: 'a child process',
  WORKER: 'a thread',
}

/** Milliseconds after which modules are not watched any more: a top-level await may never end, and promises cost more as long as they are. */
const PATIENCE = 10_000

interface Begun {
  kind: string
  /** The modules whose code was being called, the innermost first. */
  modules: readonly ModuleId[]
  /** Node's own object for it. */
  resource: { _destroyed?: boolean; fd?: number; hasRef?(): boolean }
}

/** A runner, whose modules begin such things. */
export interface Beginner {
  /** See `TetherNodeRunner`. */
  onStack(): readonly ModuleId[]
  /** The module is being evaluated. */
  isRunning(id: ModuleId): boolean
}

/** Those of one runner. */
export class Leftovers {
  readonly #beginner: Beginner
  #all: Begun[] = []
  #timer: NodeJS.Timeout | undefined
  readonly #hook = createHook({
    init: (_id, type, _trigger, resource) => {
      const kind = KINDS[type]
      if (kind) this.#begins(kind, resource)
    },
  })

  constructor(beginner: Beginner) {
    this.#beginner = beginner
  }

  /** Modules are about to be evaluated. The hook costs as long as it is there: what is begun later, in a request for example, is not seen. */
  watch(): void {
    this.#hook.enable()
    this.#timer ??= setTimeout(() => this.rest(), PATIENCE).unref()
  }

  /** They are. */
  rest(): void {
    this.#hook.disable()
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#all = this.#all.filter(isAlive)
  }

  /** One that `modules` have left and that goes on. */
  of(modules: ReadonlySet<ModuleId>): { kind: string; by: ModuleId } | undefined {
    this.#all = this.#all.filter(isAlive)
    for (const begun of this.#all) {
      const by = begun.modules.find((id) => modules.has(id))
      if (by !== undefined) return { kind: begun.kind, by }
    }
    return undefined
  }

  #begins(kind: string, resource: object): void {
    const modules = this.#beginner.onStack()
    // a request that is answered meanwhile, by modules that have been evaluated, ends what it begins
    if (modules.some((id) => this.#beginner.isRunning(id))) this.#all.push({ kind, modules, resource })
  }
}

function isAlive({ resource }: Begun): boolean {
  const { _destroyed: isDestroyed, fd, hasRef } = resource
  if (typeof isDestroyed === 'boolean') return !isDestroyed
  // a socket that waits for an address has no number yet, one that keeps nothing alive has a number
  return (fd !== undefined && fd >= 0) || hasRef?.call(resource) !== false
}
