/** Prints lines about attached runners: connects, disconnects, updates. Runners with the same message share a line. */
import type { EventEmitter } from 'node:events'
import colors from 'picocolors'
import type { Logger } from 'vite'
import { CLOSE } from '../../shared/session/protocol.ts'
import { versionGap } from '../../shared/versions.ts'
import type { HubEvents, RunnerView } from '../hub-types.ts'
import { summarizeFailure } from './error-text.ts'
import { formatChain, formatUpdate } from './report.ts'

/** Milliseconds in which runners with the same message are gathered: a save reaches all of a fleet at about the same time. */
const GATHER = 100
/** Greatest number of runners that a line names. */
const NAMED = 3

/** Listens to `hub`, for as long as it lives. */
export function reportAttached(hub: EventEmitter<HubEvents>, logger: () => Logger | undefined): void {
  const gathered = new Map<string, string[]>()
  /** Runners whose coming was said and of which nothing has been heard since: one of an earlier Vite compares what it holds first. */
  const fresh = new Set<string>()

  function say({ id, kind }: RunnerView, text: string): void {
    if (kind !== 'attached') return
    const ids = gathered.get(text)
    if (ids) return void ids.push(id)
    gathered.set(text, [id])
    setTimeout(() => {
      const all = gathered.get(text)!
      gathered.delete(text)
      const names = all.slice(0, NAMED).map((name) => colors.bold(name))
      const rest = all.length > NAMED ? ` and ${all.length - NAMED} more` : ''
      const time = colors.dim(new Date().toLocaleTimeString())
      logger()?.info(`${time} ${colors.cyan(colors.bold('[vite-tether]'))} ${names.join(', ')}${rest} ${text}`)
    }, GATHER).unref()
  }

  hub.on('runner:connect', (runner) => {
    const gap = versionGap(runner.versions)
    const versions = gap === undefined ? '' : colors.yellow(` with ${gap}`)
    say(runner, `${colors.green('attached')} from ${runner.host}${versions}`)
    fresh.add(runner.id)
  })
  hub.on('runner:resume', (runner) => say(runner, 'is connected again'))
  hub.on('runner:resync', (runner) => {
    if (!fresh.delete(runner.id)) say(runner, 'is connected again, compared with the current sources')
  })
  hub.on('runner:disconnect', (runner, code) => {
    fresh.delete(runner.id)
    // by ourselves, if Vite goes away or has another token: the runner is going to try again
    const isOver = runner.state === 'ended' && code !== CLOSE.AWAY
    say(runner, isOver ? 'left' : colors.yellow('lost its link'))
  })
  hub.on('update:applied', (runner, report) => {
    const { outcome, chain } = report
    if (outcome === 'unaccepted') {
      const why = chain ? `nothing accepts ${formatChain(chain)}` : 'a plugin asked for a full reload'
      say(runner, colors.yellow(`runs the code from before: ${why}`))
      return
    }
    const text = formatUpdate(report)
    if (text) say(runner, text)
  })
  hub.on('update:failed', (runner, { error }) => {
    // the runner has printed the lines of code
    const why = error ? `: ${summarizeFailure(error)}` : ''
    say(runner, `${colors.red('update failed')}, the code from before runs${why}`)
  })
}
