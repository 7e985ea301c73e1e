/** Finds the hub of a Vite environment, across Vite's in-process restarts and across copies of this package in one process. */
import { inspect } from 'node:util'
import type { DevEnvironment, ViteDevServer } from 'vite'
import { TetherError } from '../../shared/errors.ts'
import { Hub } from '../hub/hub.ts'
import type { TetherHub } from '../hub-types.ts'
import type { EnvironmentEvents } from '../vite/environment.ts'

const KEY = Symbol.for('vite-tether')
const registry = globalThis as typeof globalThis & { [KEY]?: WeakMap<DevEnvironment, Hub> }
registry[KEY] ??= new WeakMap()
const hubs = registry[KEY]

/** The hub that serves `environment`, if it is ours. */
export function hubOf(environment: DevEnvironment): Hub | undefined {
  return hubs.get(environment)
}

/** Leads an environment's life to its hub: an environment that replaces another takes over its hub. */
export const hubEvents: EnvironmentEvents = {
  init(environment, previous) {
    hubs.set(environment, (previous && hubs.get(previous)) ?? new Hub())
  },
  listen: (environment) => hubs.get(environment)!.resume(environment),
  close: (environment) => hubs.get(environment)?.suspend(environment),
  send: (environment, payload) => hubs.get(environment)?.broadcast(payload),
}

/**
 * The hub's handle in the Vite process. Takes the object that `createServer()` returned or the one that plugins get. Where a
 * config has several `tether()`, `environment` names the one that is meant, by its option of that name; without it the one
 * of `ssr` is, or else the first. Throws `ERR_CONFIG` if the server has no such active plugin.
 */
export function getTether(server: ViteDevServer, environment?: string): TetherHub {
  return findHub(server, environment)
}

/** The hub itself: `getTether` with what is not for users. */
export function findHub({ environments }: ViteDevServer, name?: string): Hub {
  const found = Object.entries(environments).flatMap(([each, environment]) => (hubs.get(environment) ? [each] : []))
  const wanted = name ?? (found.includes('ssr') ? 'ssr' : found[0])
  const hub = wanted !== undefined && Object.hasOwn(environments, wanted) && hubs.get(environments[wanted]!)
  if (hub) return hub
  if (found.length > 0) {
    throw new TetherError(
      'ERR_CONFIG',
      `Expected the environment of getTether() to be one that a tether() serves (${found.join(', ')}), got ${inspect(name)}.`,
    )
  }
  throw new TetherError(
    'ERR_CONFIG',
    'Expected a Vite server with an active tether() plugin. Add `plugins: [tether()]` to its config; the plugin is inert in ' +
      'build and preview, under Vitest, under NODE_ENV=production and inside an app process.',
  )
}
