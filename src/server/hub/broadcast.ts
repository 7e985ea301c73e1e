/** Sends payloads of Vite and of plugins to all runners. */
import type { HotPayload } from 'vite'
import type { ServedRunner } from './served-runner.ts'

/** Sends a payload to `runners`. Updates are no matter of payloads: `recordSeeds` reports the modules that changed. */
export function broadcast(runners: readonly ServedRunner[], payload: HotPayload): void {
  if (payload.type === 'prune' || payload.type === 'connected' || payload.type === 'ping') return
  for (const { feed, client, waits } of runners) {
    // a standby executes nothing that could be reloaded, but all code it holds may be out of date
    if (waits && payload.type === 'full-reload') feed.review()
    else if (payload.type === 'full-reload') feed.reload()
    else if (!waits) client.send(payload)
  }
}
