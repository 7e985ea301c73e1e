/** Finds the hub of a Vite environment, across Vite's in-process restarts and across copies of this package in one process. */
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
 * The hub's handle in the Vite process. Takes the object that `createServer()` returned or the one that plugins get.
 * Throws `ERR_CONFIG` if the server has no active `tether()` plugin.
 */
export function getTether(server: ViteDevServer): TetherHub {
  return findHub(server)
}

/** The hub itself: `getTether` with what is not for users. */
export function findHub(server: ViteDevServer): Hub {
  for (const environment of Object.values(server.environments)) {
    const hub = hubs.get(environment)
    if (hub) return hub
  }
  throw new TetherError(
    'ERR_CONFIG',
    'Expected a Vite server with an active tether() plugin. Add `plugins: [tether()]` to its config; the plugin is inert in ' +
      'build and preview, under Vitest, under NODE_ENV=production and inside an app process.',
  )
}
