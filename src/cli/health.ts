/** The endpoint of `vite-tether attach --health` for probes: is the process alive, and does it run the current code? */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { TetherRunner } from '../client/runner-types.ts'
import { isUpToDate } from '../shared/applied.ts'
import { TetherError } from '../shared/errors.ts'
import type { Applied } from '../shared/types.ts'

/** The body of an answer. */
interface Status {
  /** `starting` until the entry is executed. */
  state: 'starting' | TetherRunner['state']
  /** `false`: an update has failed, and the code from before runs. */
  current: boolean
  /** Since when it has been so, if the runner is not ready. */
  since?: string
}

/** The endpoint, from before there is a runner. */
export interface Health {
  /** The runner has executed its entry. */
  started(runner: TetherRunner): void
}

/**
 * Listens: `/live` is 200 as long as the process answers, `/ready` is 200 if it is connected and current, else 503. Rejects
 * with `ERR_CONFIG` if the address is taken.
 */
export async function serveHealth({ host, port }: { host?: string; port: number }): Promise<Health> {
  let runner: TetherRunner | undefined
  let current = true
  /** The link was lost, and it is not known yet if the runner was sent all since. */
  let isUnsure = false
  let since = new Date()

  const status = (): Status => {
    const link = runner?.state ?? 'starting'
    // a link alone is not enough: the comparison with the current sources may fail
    const state = link === 'connected' && isUnsure ? 'disconnected' : link
    return { state, current, ...((state !== 'connected' || !current) && { since: since.toISOString() }) }
  }
  const server = createServer((request, response) => {
    const body = status()
    const isKnown = request.url === '/live' || request.url === '/ready'
    const isGood = request.url === '/live' || (body.state === 'connected' && current)
    response.writeHead(!isKnown ? 404 : isGood ? 200 : 503, { 'Content-Type': 'application/json' })
    response.end(`${JSON.stringify(isKnown ? body : { error: 'ask for /live or /ready' })}\n`)
  })
  // it never keeps an app alive that is done
  server.unref()
  try {
    server.listen({ port, ...(host !== undefined && { host }) })
    await once(server, 'listening')
  } catch (cause) {
    throw new TetherError(
      'ERR_CONFIG',
      `Could not listen at the address of --health, ${host ?? '*'}:${port}: ${(cause as Error).message}. Give it another port.`,
      { cause },
    )
  }

  function applied(report: Applied): void {
    const now = isUpToDate(report)
    if (now !== current) since = new Date()
    current = now
  }

  return {
    started(started) {
      runner = started
      started.on('applied', applied)
      started.on('disconnect', () => {
        isUnsure = true
        since = new Date()
      })
      for (const event of ['resume', 'resync'] as const) {
        started.on(event, () => {
          isUnsure = false
        })
      }
    },
  }
}
