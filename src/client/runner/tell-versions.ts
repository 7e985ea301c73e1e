/** Says to the operator of an attached runner that Vite's side is of other versions. */
import type { RunnerConfig } from '../../shared/types.ts'
import { versionGap } from '../../shared/versions.ts'
import type { Log } from '../hmr/log.ts'

/** To be called with each answer to `init`: a Vite that was restarted may be another one, and is told of once. */
export function createVersionTeller(log: Log): (config: RunnerConfig) => void {
  let told: string | undefined
  return ({ versions }) => {
    const gap = versionGap(versions)
    if (gap !== undefined && gap !== told) log.info(`Vite runs with ${gap}.`)
    told = gap
  }
}
