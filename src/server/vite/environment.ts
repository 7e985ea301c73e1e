/**
 * Makes our Vite environment by Vite's own factories, so that `server.ssrLoadModule` and frameworks, which test by `instanceof`, keep working,
 * with our own transport, for which Vite's file checks are on.
 */
import { EventEmitter } from 'node:events'
import { stripVTControlCharacters } from 'node:util'
import type { DevEnvironment, HotChannel, HotPayload, ResolvedConfig } from 'vite'
import { answerEach, askedBy } from './in-process-runners.ts'
import { ignoreInvalidations } from './own-invalidations.ts'
import type { Vite } from './project-vite.ts'

/** The Vite that has made the config of an environment made here. */
const vites = new WeakMap<ResolvedConfig, Vite>()

/** Vite's allow and deny lists, for files that are not read by Vite itself. */
export function isAllowed(config: ResolvedConfig, file: string): boolean {
  return vites.get(config)!.isFileLoadingAllowed(config, file)
}

/** Vite's parser. */
export function parserOf(config: ResolvedConfig): Vite['parseSync'] {
  return vites.get(config)!.parseSync
}

/** A runner as Vite's channel sees it. A listener of a custom event answers only this runner with `client.send()`. */
export interface ChannelClient {
  send(payload: HotPayload): void
}

/** Our transport. Vite's in-process module runner connects to the emitters of `api`. */
export interface Channel extends HotChannel<{ innerEmitter: EventEmitter; outsideEmitter: EventEmitter }> {
  /** Hands a custom event of a runner to the listeners of `environment.hot.on`. */
  receive(event: string, data: unknown, client: ChannelClient): void
  /** `true` while listeners run for a custom event of one of our runners; `false` for one of Vite's in-process runner. */
  readonly receiving: boolean
  /** Sends a payload to the in-process module runner only. */
  sendInProcess(payload: HotPayload): void
}

/** Events of an environment, in Vite's order: in a restart the new one is made before the old one closes. */
export interface EnvironmentEvents {
  /** The environment was made; `previous` is the one it replaces in an in-process restart. */
  init(environment: DevEnvironment, previous: DevEnvironment | undefined): void
  listen(environment: DevEnvironment): void
  close(environment: DevEnvironment): void
  /** A payload that is to reach all runners. */
  send(environment: DevEnvironment, payload: HotPayload): void
}

/** Answers `dispatchFetch` of an environment. */
export type DispatchFetch = (environment: DevEnvironment, request: Request) => Promise<Response>

/** Makes the environment `name`, which calls `events`: one with `dispatchFetch`, or without `dispatch` one with a runner in this process. */
export function createTetherEnvironment(
  name: string,
  config: ResolvedConfig,
  events: EnvironmentEvents,
  vite: Vite,
  dispatch?: DispatchFetch,
): DevEnvironment {
  vites.set(config, vite)
  const channel = createChannel({
    send: (payload) => events.send(environment, payload),
    listen: () => events.listen(environment),
    close: () => events.close(environment),
  })
  const context = { hot: config.server.hmr !== false, transport: channel }
  const environment: DevEnvironment = dispatch
    ? vite.createFetchableDevEnvironment(name, config, {
        ...context,
        handleRequest: (request) => dispatch(environment, request),
      })
    : vite.createRunnableDevEnvironment(name, config, context)
  channels.set(environment, channel)

  const init = environment.init
  environment.init = async (options) => {
    await init.call(environment, options)
    events.init(environment, options?.previousInstance)
  }
  ignoreInvalidations(environment, () => channel.receiving)
  answerEach(environment)
  quieten(environment)
  return environment
}

const channels = new WeakMap<DevEnvironment, Channel>()

/** The transport of an environment made here. */
export function channelOf(environment: DevEnvironment): Channel {
  return channels.get(environment)!
}

function createChannel(on: { send(payload: HotPayload): void; listen(): void; close(): void }): Channel {
  const innerEmitter = new EventEmitter()
  const outsideEmitter = new EventEmitter()
  innerEmitter.setMaxListeners(0)
  let receiving = false
  return {
    get receiving() {
      return receiving
    },
    api: { innerEmitter, outsideEmitter },
    send(payload) {
      outsideEmitter.emit('send', payload)
      on.send(payload)
    },
    on: (event: string, listener: (...args: never[]) => void) => {
      const call = listener as (...args: unknown[]) => void
      // Vite adds its listener of 'vite:invoke' once and never removes it, so off() need not know the wrapper
      const isInvoke = event === 'vite:invoke'
      innerEmitter.on(event, isInvoke ? (data, client) => askedBy(client, () => call(data, client)) : call)
    },
    off: (event, listener) => {
      innerEmitter.off(event, listener as (...args: unknown[]) => void)
    },
    listen() {
      innerEmitter.emit('connection')
      on.listen()
    },
    close() {
      on.close()
      innerEmitter.removeAllListeners()
      outsideEmitter.removeAllListeners()
    },
    receive: (event, data, client) => {
      receiving = true
      try {
        innerEmitter.emit(event, data, client)
      } finally {
        receiving = false
      }
    },
    sendInProcess: (payload) => {
      outsideEmitter.emit('send', payload)
    },
  }
}

/**
 * Drops two kinds of Vite's lines. It announces updates before their outcome is known and clears the screen: updates of runners are
 * reported once they are applied. And it warns of `import()`s that it cannot analyse: the runner resolves those when it reaches them.
 */
function quieten(environment: DevEnvironment): void {
  const { logger } = environment
  const { info, warn } = logger
  logger.warn = (message, options) => {
    if (!message.includes('The above dynamic import cannot be analyzed by Vite')) warn.call(logger, message, options)
  }
  logger.info = (message, options) => {
    if (!/^(hmr update|page reload|hmr invalidate) /.test(stripVTControlCharacters(message)))
      info.call(logger, message, options)
  }
}
