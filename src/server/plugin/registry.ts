/** Finds the hub of a Vite environment, across Vite's in-process restarts and across copies of this package in one process. */
import { inspect } from 'node:util'
import type { DevEnvironment, ViteDevServer } from 'vite'
import { TetherError } from '../../shared/errors.ts'
import { Hub } from '../hub/hub.ts'
import type { TetherHub } from '../hub-types.ts'
import type { DispatchFetch, EnvironmentEvents } from '../vite/environment.ts'

const KEY = Symbol.for('vite-tether')
const registry = globalThis as typeof globalThis & { [KEY]?: WeakMap<DevEnvironment, Hub> }
registry[KEY] ??= new WeakMap()
const hubs = registry[KEY]

/** The hub that serves `environment`; `undefined` for an environment that no `tether()` has made. */
export function hubOf(environment: DevEnvironment): Hub | undefined {
  return hubs.get(environment)
}

/** Tells the hub of its environment's life. After a restart of Vite the new environment gets the hub of the previous one. */
export const hubEvents: EnvironmentEvents = {
  init(environment, previous) {
    hubs.set(environment, (previous && hubs.get(previous)) ?? new Hub())
  },
  listen: (environment) => hubs.get(environment)!.resume(environment),
  close: (environment) => hubs.get(environment)?.suspend(environment),
  send: (environment, payload) => hubs.get(environment)?.broadcast(payload),
}

/** Has the app of an environment answer what a framework asks it. */
export const dispatchFetch: DispatchFetch = (environment, request) => hubs.get(environment)!.fetch(request)

/**
 * The hub's handle, in the Vite process. Throws `ERR_CONFIG` if the server has no active `tether()` plugin, or none for that
 * environment.
 *
 * @param server the object that `createServer()` returned, or the one that plugins get
 * @param environment if a config has several `tether()`: the option `environment` of the one that is meant; without it `ssr`, or
 * else the first
 */
export function getTether(server: ViteDevServer, environment?: string): TetherHub {
  return findHub(server, environment)
}

/** As `getTether`, but with the functions that only the plugin and the command call. */
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
