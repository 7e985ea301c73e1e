/** Which modules have made a server: those whose code was on the stack when it was made, and when it was told to listen. */
import type { ModuleId } from '../../shared/types.ts'
import type { ServerInsides } from './listening.ts'

/** A runner, whose modules make servers. */
export interface ServerMaker {
  /**
   * Modules whose code is being called, the innermost first; up to where the runner itself has called it. Awaiting callers are
   * among them.
   */
  onStack(): readonly ModuleId[]
  /** `undefined`: there is no instance of the module. */
  node(id: ModuleId): { readonly evaluated: boolean } | undefined
  /** New code can reach `server` by what the old code has left for it. */
  holds(server: ServerInsides): boolean
  /** Nothing but the code of its app runs in this process. */
  readonly isAlone: boolean
}

/** The modules that have made a server listen. */
export interface Origin {
  readonly maker: ServerMaker
  readonly modules: ReadonlySet<ModuleId>
  /** The one from which the others were called. */
  readonly starter: ModuleId
  /** Its code ran for the first time: new code of it will have called `listen` as well when it has run. */
  readonly isEarly: boolean
}

/** The origins of all servers. Of a server that packages have made by themselves there is none. */
export class ServerOrigins {
  readonly makers = new Set<ServerMaker>()
  /** More than 0 while a value is made that is kept over updates. */
  #keeping = 0
  readonly #made = new WeakMap<ServerInsides, Origin | undefined>()
  readonly #kept = new WeakSet<ServerInsides>()
  readonly #listening = new WeakMap<ServerInsides, Origin>()

  /** The server is made right now, unless it is known. */
  made(server: ServerInsides): void {
    if (this.#made.has(server)) return
    if (this.#keeping > 0) this.#kept.add(server)
    this.#made.set(server, this.#here())
  }

  /** Calls `create`, which makes something that is kept when its module is replaced: its servers are nobody's. */
  keeping<T>(create: () => T): T {
    this.#keeping++
    try {
      return create()
    } finally {
      this.#keeping--
    }
  }

  /** Something is made right now that is kept. */
  get isKeeping(): boolean {
    return this.#keeping > 0
  }

  /** The server is told to listen right now. */
  listens(server: ServerInsides): void {
    this.made(server)
    if (this.#keeping > 0) this.#kept.add(server)
    if (this.#kept.has(server)) return
    const made = this.#made.get(server)
    const here = this.#here() ?? made
    if (!here) this.#listening.delete(server)
    else this.#listening.set(server, { ...here, modules: new Set([...here.modules, ...(made?.modules ?? [])]) })
  }

  /** `true` if the server outlives the code that has made it. */
  isKept(server: ServerInsides): boolean {
    return this.#kept.has(server)
  }

  /** `true` if updates concern the server: a module has told it to listen, or nothing but modules and their packages can have. */
  concerns(server: ServerInsides): boolean {
    return this.#listening.has(server) || [...this.makers].some(({ isAlone }) => isAlone)
  }

  get(server: ServerInsides): Origin | undefined {
    return this.#listening.get(server)
  }

  #here(): Origin | undefined {
    for (const maker of this.makers) {
      const modules = maker.onStack()
      const starter = modules.at(-1)
      if (starter === undefined) continue
      return { maker, modules: new Set(modules), starter, isEarly: maker.node(starter)?.evaluated === false }
    }
    return undefined
  }
}
