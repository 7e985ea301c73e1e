/** Says that a plugin has kept a saved file from runners, which go on with the code from before. */
import type { EventEmitter } from 'node:events'
import type { Apps } from '../apps/apps.ts'
import type { HubEvents } from '../hub-types.ts'
import type { Report } from '../terminal/report.ts'
import type { Withheld } from '../vite/hot-update-hooks.ts'
import { isRunner, type Pair, type SessionTable } from './session-table.ts'

/** Milliseconds in which files are gathered, and in which a plugin may bring the new code to the runners by other means. */
const GATHER = 150

/** The saves that plugins have kept from the runners of one hub. */
export class WithheldSaves {
  readonly #events: EventEmitter<HubEvents>
  readonly #report: Report
  readonly #apps: Apps
  readonly #served: SessionTable
  readonly #gathered = new Map<string, Withheld[]>()
  /** Plugins that answer saves by events of their own, of which this was said. */
  readonly #answering = new Set<string>()

  constructor(events: EventEmitter<HubEvents>, report: Report, apps: Apps, served: SessionTable) {
    this.#events = events
    this.#report = report
    this.#apps = apps
    this.#served = served
  }

  /** A plugin has taken modules out of an update. */
  note(withheld: Withheld): void {
    const { plugin, sent } = withheld
    if (sent !== undefined && this.#answering.has(plugin)) return
    const gathered = this.#gathered.get(plugin)
    if (gathered) return void gathered.push(withheld)
    this.#gathered.set(plugin, [withheld])
    setTimeout(() => void this.#tell(plugin), GATHER).unref()
  }

  async #tell(plugin: string): Promise<void> {
    const saves = this.#gathered.get(plugin)!
    this.#gathered.delete(plugin)
    const runners = new Set<Pair>()
    const lacking: Withheld[] = []
    for (const save of saves) {
      const lack = await this.#lacking(save)
      for (const pair of lack) runners.add(pair)
      if (lack.length > 0) lacking.push(save)
    }
    if (lacking.length === 0) return
    const { hook, sent, failed } = lacking[0]!
    if (sent !== undefined) this.#answering.add(plugin)
    const files = new Set(lacking.map(({ file }) => file))
    const ids = new Set(Array.from(runners, ([, { id }]) => id))
    const isOfApp = [...runners].some(([{ kind }]) => kind === 'supervised')
    const save = { plugin, hook, sent, failed, files: [...files], runners: [...ids] }
    this.#report.withheld({ ...save, isOfApp })
    this.#events.emit('withheld', save)
  }

  /** The runners that have other code of the modules than Vite now, and that nothing is about to replace. */
  async #lacking({ modules }: Withheld): Promise<Pair[]> {
    const ids = modules.flatMap(({ id }) => id ?? [])
    const pairs = this.#served.pairs().filter(([, runner]) => isRunner(runner))
    const lacking = await Promise.all(
      pairs.map(async ([, { feed }]) => feed.lacks(ids).catch(() => false)), // Vite is closing
    )
    const isReplaced = ([session, { id }]: Pair) => session.kind === 'supervised' && this.#apps.find(id)?.isReplacing
    return pairs.filter((pair, index) => lacking[index] && !isReplaced(pair))
  }
}
