/** Makes the settings that a runner gets from its server. */
import type { ViteDevServer } from 'vite'
import type { RunnerConfig } from '../../shared/types.ts'
import { ownVersions } from '../../shared/versions.ts'
import type { TetherOptions } from '../options.ts'

/** The answer to `init`: for a supervised runner with its `entry`, as Vite serves it. */
export function runnerConfig(
  { server, options }: { server: ViteDevServer; options: TetherOptions },
  id: string,
  entry?: string,
): RunnerConfig {
  const { root, env, server: settings } = server.config
  return {
    id,
    root,
    env: { ...env, SSR: true },
    hmr: settings.hmr !== false,
    entries: entry === undefined ? [] : [entry],
    onUnaccepted: entry === undefined ? 'reload' : (options.onUnaccepted ?? 'restart'),
    ...(entry === undefined && { versions: ownVersions() }),
  }
}
