/** Payloads of Vite and of plugins, for all runners. */
import type { HotPayload } from 'vite'
import type { ServedRunner } from './served-runner.ts'

/** Sends a payload on. What changed is not told by payloads but by `recordSeeds`. */
export function broadcast(runners: readonly ServedRunner[], payload: HotPayload): void {
  if (payload.type === 'prune' || payload.type === 'connected' || payload.type === 'ping') return
  for (const { feed, client, waits } of runners) {
    // nothing runs in a standby, but all that it holds may be out of date
    if (waits && payload.type === 'full-reload') feed.review()
    else if (payload.type === 'full-reload') feed.reload()
    else if (!waits) client.send(payload)
  }
}
