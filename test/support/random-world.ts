/** The object that the modules of a random graph call as `world`: it knows who is live, who sees whom, and what was called too often or too late. */

/** One instance of a module. */
export interface Life {
  readonly name: string
  readonly value: number
  readonly serial: number
  /** Its imports: what each gives when it is asked. */
  readonly sees: Map<string, () => unknown>
  /** Its `import()`s that are under way or done. */
  readonly loads: Map<string, Load>
  /** Functions that call `import()` when a request comes. */
  readonly routes: Map<string, () => Promise<Namespace>>
  /** Which instance of a dependency an accept callback has been given last. */
  readonly told: Map<string, Namespace | undefined>
  disposed: number
  pruned: number
}

export type Namespace = Record<string, unknown>

type Load = { state: 'pending' } | { state: 'done'; given: Namespace } | { state: 'failed'; error: unknown }

/** The view of a module: its value, and the values of what it imports (`null`: nothing). */
export interface Shown {
  value: number
  sees: Record<string, number | string | null>
}

interface Hot {
  data: Record<string, unknown>
  dispose(callback: () => void): void
  prune(callback: () => void): void
}

/** The world of one process: the one under test, or a fresh one. */
export class World {
  /** All that ever lived, in order. */
  readonly lives: Life[] = []
  /** Everything that must not happen and did. */
  readonly wrongs: string[] = []
  #pending = 0
  #wake: (() => void) | undefined

  /** An instance begins. */
  enter(name: string, value: number, hot?: Hot): Life {
    const life: Life = {
      name,
      value,
      serial: this.lives.length + 1,
      sees: new Map(),
      loads: new Map(),
      routes: new Map(),
      told: new Map(),
      disposed: 0,
      pruned: 0,
    }
    this.lives.push(life)
    hot?.dispose(() => {
      life.disposed++
      if (life.disposed > 1) this.wrongs.push(`${title(life)} is disposed again`)
    })
    hot?.prune(() => {
      life.pruned++
      if (life.pruned > 1) this.wrongs.push(`${title(life)} is pruned again`)
    })
    return life
  }

  see(life: Life, name: string, read: () => unknown): void {
    life.sees.set(name, read)
  }

  /** Follows an `import()` to its end. */
  async load(life: Life, name: string, loading: Promise<Namespace>): Promise<void> {
    life.loads.set(name, { state: 'pending' })
    this.#pending++
    try {
      life.loads.set(name, { state: 'done', given: await loading })
    } catch (error) {
      life.loads.set(name, { state: 'failed', error })
    } finally {
      this.#pending--
      this.#wake?.()
    }
  }

  /** Calls the routes of an instance that somebody has imported, in the middle of its own evaluation. */
  visit(read: () => unknown): void {
    let life: unknown
    try {
      life = read()
    } catch {
      // a cycle: it is not there yet
    }
    if (isLife(life)) void this.request(life)
  }

  /** Resolves after some turns of the event loop. */
  async turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
  }

  /** A request: all routes of an instance are called. */
  async request(life: Life): Promise<void> {
    await Promise.all([...life.routes].map(([name, route]) => this.load(life, name, Promise.resolve().then(route))))
  }

  /** Resolves with whether no `import()` is under way, at the latest after `ms`. */
  async settled(ms: number): Promise<boolean> {
    const end = Date.now() + ms
    while (this.#pending > 0 && Date.now() < end) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        setTimeout(resolve, end - Date.now())
      })
    }
    return this.#pending === 0
  }

  /** Everything that lives in a fresh process after requests to all routes; values are those that each module sees. */
  async show(): Promise<Record<string, Shown>> {
    // the list grows
    for (const life of this.lives) {
      await this.request(life)
      await this.settled(5_000)
    }
    return Object.fromEntries(this.lives.map((life) => [life.name, showOne(life)]))
  }
}

/** The edges of an instance: the name of the dependency, and what is seen of it now. */
export function edgesOf(life: Life): [name: string, read: () => unknown][] {
  const loaded = [...life.loads].map(([name, load]): [string, () => unknown] => [
    name,
    () => (load.state === 'done' ? load.given.it : load.state === 'failed' ? String(load.error) : load.state),
  ])
  return [...life.sees, ...loaded].map(([name, read]) => [name, () => tried(read)])
}

export function showOne(life: Life): Shown {
  const sees = edgesOf(life).map(([name, read]) => {
    const seen = read()
    return [name, isLife(seen) ? seen.value : seen === undefined ? null : String(seen)]
  })
  return { value: life.value, sees: Object.fromEntries(sees.sort(([a], [b]) => (a! < b! ? -1 : 1))) }
}

export function isLife(value: unknown): value is Life {
  return typeof value === 'object' && value !== null && 'serial' in value
}

export function title({ name, serial, value }: Life): string {
  return `${name} (#${serial}, value ${value})`
}

function tried(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    return String(error)
  }
}
