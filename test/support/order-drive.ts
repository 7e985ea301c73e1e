/** Runs a random graph and writes down what happens: the same code in plain Node and in our runner. */

/** The loads, one after the other: a module, or what the `later` of one that is there imports. */
export interface Step {
  file: string
  later?: string
}

type Namespace = Record<string, unknown>

/** The object that the modules of a graph call as `order`. */
class Order {
  readonly log: string[] = []
  readonly pending: Promise<unknown>[] = []
  readonly #errors: unknown[] = []

  /** A value in a word. A binding that is not initialised is as good as undefined. */
  show(read: () => unknown): string {
    try {
      const value = read()
      if (typeof value === 'function') return 'function'
      return isNamespace(value) ? `{${keys(value)}}` : String(value)
    } catch (error) {
      return error instanceof ReferenceError ? 'undefined' : String(error)
    }
  }

  say(who: string, what: string, read: () => unknown): void {
    this.log.push(`${who}: ${what} is ${this.show(read)}`)
  }

  /** Awaited only when everything else has run. */
  later(who: string, imported: Promise<Namespace>): void {
    this.pending.push(this.report(`import() by ${who}`, imported))
  }

  async report(what: string, loading: Promise<Namespace>): Promise<void> {
    try {
      const namespace = await loading
      this.log.push(`${what}: ${keys(namespace).map((key) => `${key}=${this.show(() => namespace[key])}`)}`)
    } catch (error) {
      if (!this.#errors.includes(error)) this.#errors.push(error)
      this.log.push(`${what}: ${error} (error ${this.#errors.indexOf(error)})`)
    }
  }
}

/** Everything that the graph and its imports have said. */
export async function drive(steps: readonly Step[], load: (file: string) => Promise<Namespace>): Promise<string[]> {
  const order = new Order()
  Object.assign(globalThis, { order })
  for (const { file, later } of steps) {
    const loading = load(file).then((namespace) =>
      later === undefined ? namespace : (namespace[later] as () => Promise<Namespace>)(),
    )
    // an import() that runs beside it reports before it
    await loading.catch(() => {})
    await Promise.all(order.pending.splice(0))
    await order.report(later === undefined ? `load ${file}` : `${later} of ${file}`, loading)
  }
  return order.log
}

function keys(namespace: Namespace): string[] {
  return Reflect.ownKeys(namespace)
    .filter((key) => typeof key === 'string')
    .sort()
}

function isNamespace(value: unknown): value is Namespace {
  return Object.prototype.toString.call(value) === '[object Module]'
}
