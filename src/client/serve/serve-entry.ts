/** Tells the server how the app of this process answers requests, and where. */
import type { SessionRunner } from '../runner/session-runner.ts'
import { ListeningServers } from './listening-servers.ts'

/** To be called before code of the app runs. */
export function tellServing(runner: SessionRunner): void {
  const servers = new ListeningServers(tell)
  // the server may be another one, which knows nothing of this process
  runner.on('resync', tell)

  function tell(): void {
    if (runner.state === 'ended') return
    const { target } = servers
    runner.server.serving(target && { kind: 'listening', target })
  }
}
