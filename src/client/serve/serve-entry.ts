/** Serves what the entry of this process exports, unless the app listens itself, and tells the server how and where it is answered. */
import type { ServeConfig } from '../../shared/handover.ts'
import { getEngine } from '../hmr/engine.ts'
import { getTakeover } from '../ports/open-takeover.ts'
import { onExit } from '../runner/on-exit.ts'
import type { SessionRunner } from '../runner/session-runner.ts'
import { EntryServer } from './entry-server.ts'
import { Leftovers } from './leftovers.ts'
import { ListeningServers, targetOf } from './listening-servers.ts'
import { NewestExport } from './newest-export.ts'
import { unserved } from './recognise.ts'
import { updateInPlace } from './update-in-place.ts'

/** The process is asked to serve its entry. */
export interface ServedEntry {
  /** The entry was executed: serves what it exports, if that can answer. Rejects when the port cannot be had. */
  open(): Promise<void>
}

/** To be called before code of the app runs. Without `config` what the entry exports is not served. */
export function serveEntry(runner: SessionRunner, config: ServeConfig | undefined): ServedEntry {
  const [entry = ''] = runner.config.entries
  const asked = config?.asked === true
  const newest = new NewestExport(runner, entry, asked)
  const servers = new ListeningServers({ begins, changed: () => isKnown && tell() })
  const engine = getEngine(runner.viteNode)
  const leftovers = new Leftovers({
    // what `keep()` makes is its affair
    onStack: () => (getTakeover().origins.isKeeping ? [] : runner.viteNode.onStack()),
    isRunning: (id) => engine.runtime.node(id)?.evaluated === false,
  })
  let own: EntryServer | undefined
  /** A server knows this process. One that is still to come is told when it does: to tell it now would be a reason to start it. */
  let isKnown = false
  // the server may be another one, which knows nothing of this process
  runner.on('resync', () => {
    isKnown = true
    tell()
  })
  void runner.joined.then(() => {
    isKnown = true
  })
  if (asked) onExit(failIfUnserved)
  if (config && runner.config.hmr) leftovers.watch()

  /** The app listens itself, whatever it exports: the port that we have may be the one that it wants. */
  function begins(): void {
    own?.server.close()
    own = undefined
    leftovers.rest()
  }

  function tell(): void {
    if (runner.state === 'ended') return
    const { target } = servers
    const last = own?.server.listening ? newest.last : undefined
    if (target) runner.server.serving({ kind: 'listening', target })
    else if (!last) runner.server.serving()
    else {
      const { kind, what } = last
      const { taken } = own!
      runner.server.serving({ kind, what, target: targetOf(own!.server), ...(taken !== undefined && { taken }) })
    }
  }

  function failIfUnserved(): void {
    if (process.exitCode || servers.hasBegun || own) return
    process.stderr.write(`[vite-tether] ${unserved(entry, runner.viteNode.exportsOf(entry)).message}\n`)
    process.exitCode = 1
  }

  return {
    async open() {
      leftovers.rest()
      if (!config || servers.hasBegun || !newest.last) return
      // without this the failure of a plugin would break off each request, and nothing would tell of it
      await newest.last.ready?.()
      if (servers.hasBegun) return
      const server = new EntryServer(newest)
      servers.except(server.server)
      own = server
      await server.open(config.at)
      tell()
      if (!runner.config.hmr) return
      updateInPlace(engine, leftovers, entry, {
        answers: () => own !== undefined,
        async check() {
          const { present } = newest
          if (!present && !servers.hasBegun) throw unserved(entry, runner.viteNode.exportsOf(entry))
          await present?.ready?.()
        },
        updated() {
          server.refresh()
          tell()
        },
      })
    },
  }
}
