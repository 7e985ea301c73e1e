/** `viteNodeHmrPlugin`: connects `vite-tether/hmr` with the `ssr` environment of a Vite server in the same process. */
import type { EventEmitter } from 'node:events'
import type { CustomPayload, DevEnvironment, HotPayload, Plugin } from 'vite'
import { TetherError } from '../../shared/errors.ts'
import { createHmrEmitter, type HMREmitter } from '../../shared/hmr-emitter.ts'
import { contentOf } from '../transform/settled-content.ts'
import { catchLateSaves } from '../vite/late-saves.ts'
import { watchOutsideFiles } from '../vite/outside-files.ts'
import { ignoreInvalidations } from '../vite/own-invalidations.ts'
import { resolutionsOf, watchResolutions } from '../vite/resolutions.ts'
import { recordSeeds } from '../vite/seeds.ts'

declare module 'vite' {
  interface ViteDevServer {
    /** Set by `viteNodeHmrPlugin`. */
    emitter: HMREmitter
  }
}

/** The client that listeners of `environment.hot.on` get, in order to answer. */
interface Client {
  send(payload: HotPayload): void
}

/**
 * Puts an emitter on the server as `server.emitter`. It emits every payload of the `ssr` environment as `message`, with the ids of
 * the modules that changed, and takes custom events (`import.meta.hot.send`) as `custom`, which reach the listeners of
 * `server.environments.ssr.hot.on`; what these answer with `client.send` is emitted as `message`. The browser's `server.ws` is left
 * alone. Throws `ERR_CONFIG` when a custom event is sent and the environment is not one of Vite's runnable ones.
 */
export function viteNodeHmrPlugin(): Plugin {
  const emitter = createHmrEmitter()
  let disconnect = () => {}
  return {
    name: 'vite-tether:hmr',
    configureServer(server) {
      // an in-process restart of Vite makes a new environment; the emitter stays, and with it its listeners
      disconnect()
      server.emitter = emitter
      catchLateSaves(server.watcher)
      const { ssr, client } = server.environments
      watchOutsideFiles(server, ssr!)
      watchResolutions(server.watcher, ssr!)
      const connection = connect(ssr!, client!, emitter)
      disconnect = connection.close
      // Vite calls the returned function after all plugins' configureServer(), when their listeners are there
      return connection.announce
    },
    transform: {
      order: 'pre',
      handler: (code, id) => contentOf(code, id),
    },
    async hotUpdate({ type, file, modules }) {
      if (this.environment.name !== 'ssr') return undefined
      const changed = await resolutionsOf(this.environment).changed(file)
      if (type === 'update' && changed.length === 0) return undefined
      return [...new Set([...modules, ...changed])]
    },
  }
}

function connect(
  environment: DevEnvironment,
  browser: DevEnvironment,
  emitter: HMREmitter,
): { announce(): void; close(): void } {
  const { hot, logger } = environment
  const client: Client = { send: (payload) => emitter.emit('message', payload) }
  let receiving = false

  const send = hot.send as (...args: unknown[]) => void
  hot.send = (...args: unknown[]) => {
    send.apply(hot, args)
    const [first, data] = args
    emitter.emit('message', typeof first === 'string' ? { type: 'custom', event: first, data } : (first as HotPayload))
  }
  recordSeeds(environment, (seeds, payload) => {
    // Vite's own module runner of this environment gets the payload all the same
    if (payload) send.call(hot, payload)
    const ids = seeds.flatMap(({ id }) => id ?? [])
    // vite-node transforms modules without a script extension (virtual modules, assets) in the browser's environment first
    for (const id of ids) {
      const module = browser.moduleGraph.getModuleById(id)
      if (module) browser.moduleGraph.invalidateModule(module)
    }
    emitter.emit('message', { ...(payload ?? { type: 'update', updates: [] }), seeds: ids })
    return true
  })

  ignoreInvalidations(environment, () => receiving)

  function receive(event: string, data?: unknown): void {
    const inner = (hot.api as { innerEmitter?: EventEmitter } | undefined)?.innerEmitter
    if (!inner) {
      throw new TetherError(
        'ERR_CONFIG',
        `Expected the environment "${environment.name}" to have Vite's own server channel, but its transport was replaced: ` +
          `the event "${event}" cannot reach it. Remove environments.${environment.name}.dev.createEnvironment.`,
      )
    }
    receiving = true
    try {
      inner.emit(event, data, client)
    } catch (error) {
      // logged, not thrown: the module that sent the event is not to blame for the listener
      logger.error(`A listener of "${event}" failed: ${(error as Error)?.stack ?? error}`)
    } finally {
      receiving = false
    }
  }

  const hears = () => emitter.listenerCount('message') > 0
  const listeners = {
    custom(json: string) {
      const { event, data } = JSON.parse(json) as CustomPayload
      receive(event, data)
    },
    newListener: (event: string | symbol) => event === 'message' && !hears() && receive('vite:client:connect'),
    removeListener: (event: string | symbol) => event === 'message' && !hears() && receive('vite:client:disconnect'),
  }
  const untyped = emitter as unknown as EventEmitter
  for (const [event, listener] of Object.entries(listeners)) untyped.on(event, listener)
  return {
    announce: () => {
      if (hears()) receive('vite:client:connect')
    },
    close: () => {
      for (const [event, listener] of Object.entries(listeners)) untyped.off(event, listener)
    },
  }
}
