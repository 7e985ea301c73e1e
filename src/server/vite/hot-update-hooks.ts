/**
 * Tells when a plugin takes modules out of an update, which Vite does in silence. For that the hooks of all plugins are wrapped; what
 * they are given and what they answer stays as it is.
 */
import type { DevEnvironment, EnvironmentModuleNode, HmrContext, HotUpdateOptions, Plugin, ViteDevServer } from 'vite'

type Hook = 'hotUpdate' | 'handleHotUpdate'

/** Modules that a plugin has kept from the update that a file has caused. */
export interface Withheld {
  /** The file that was saved, made or removed: an absolute path with forward slashes. */
  file: string
  plugin: string
  hook: Hook
  modules: EnvironmentModuleNode[]
  /** The event that the plugin has sent meanwhile: it means to answer the save itself. */
  sent: string | undefined
  /** The hook has thrown, whereupon Vite updates nothing. */
  failed: boolean
}

/** The hooks that Vite calls for one event of one file, in one environment. */
interface Pass {
  calls: number
  removed: Map<EnvironmentModuleNode, Omit<Withheld, 'file' | 'modules'>>
}

interface Watcher {
  /** Timestamp of the event, which is different for each -> its pass. */
  passes: Map<number, Pass>
  onWithheld(withheld: Withheld): void
}

const watchers = new WeakMap<DevEnvironment, Watcher>()
const wrapped = new WeakSet<object>()
/** One set for each hook that is running: the events that plugins send meanwhile. */
const running = new Set<Set<string>>()

/** Calls `onWithheld` once all hooks have been called for an event, for each plugin that has taken modules out of it. */
export function watchHotUpdateHooks(
  environment: DevEnvironment,
  server: ViteDevServer,
  onWithheld: Watcher['onWithheld'],
): void {
  watchers.set(environment, { passes: new Map(), onWithheld })
  const { client } = server.environments
  for (const plugin of [...client!.plugins, ...environment.plugins]) {
    if (wrapped.has(plugin)) continue
    wrapped.add(plugin)
    wrapHook(plugin as Plugin)
  }
  for (const channel of [server.ws, ...Object.values(server.environments).map(({ hot }) => hot)]) noteSends(channel)
}

function wrapHook(plugin: Plugin): void {
  replace(plugin, 'hotUpdate', (call, { environment }: { environment: DevEnvironment }, options: HotUpdateOptions) => {
    const watcher = watchers.get(environment)
    return watcher ? inPass(watcher, environment, plugin, options, call) : call()
  })
  replace(plugin, 'handleHotUpdate', async (call, _, context: HmrContext) => {
    // Vite applies this hook, of the time before environments, to these two
    const { ssr } = context.server.environments
    const watcher = ssr && watchers.get(ssr)
    if (!watcher) return call()
    const { result, sent } = await sending(call as () => HmrContext['modules'] | undefined)
    const left = result && new Set(result.map(({ id }) => id))
    for (const node of (left && ssr.moduleGraph.getModulesByFile(context.file)) ?? []) {
      if (left!.has(node.id)) continue
      const removal = { plugin: plugin.name, hook: 'handleHotUpdate' as const, sent, failed: false }
      passOf(watcher, context.timestamp).removed.set(node, removal)
    }
    return result
  })
}

async function inPass(
  watcher: Watcher,
  environment: DevEnvironment,
  plugin: Plugin,
  options: HotUpdateOptions,
  call: () => unknown,
): Promise<unknown> {
  const { file, timestamp, modules } = options
  const pass = passOf(watcher, timestamp)
  const before = [...modules]
  const removal = { plugin: plugin.name, hook: 'hotUpdate' as const, sent: undefined, failed: false }
  pass.calls++
  try {
    const { result, sent } = await sending(call as () => EnvironmentModuleNode[] | undefined)
    const left = new Set(result ?? options.modules)
    for (const node of before) if (!left.has(node)) pass.removed.set(node, { ...removal, sent })
    // a later plugin may put back what an earlier one has taken out
    for (const node of left) pass.removed.delete(node)
    if (pass.calls === environment.plugins.filter(({ hotUpdate }) => hotUpdate).length) end(watcher, file, timestamp)
    return result
  } catch (error) {
    // Vite calls no further hook, and sends the error instead of an update
    for (const node of before) pass.removed.set(node, { ...removal, failed: true })
    end(watcher, file, timestamp)
    throw error
  }
}

function passOf({ passes }: Watcher, timestamp: number): Pass {
  const pass = passes.get(timestamp) ?? { calls: 0, removed: new Map() }
  passes.set(timestamp, pass)
  return pass
}

function end({ passes, onWithheld }: Watcher, file: string, timestamp: number): void {
  const { removed } = passes.get(timestamp)!
  passes.delete(timestamp)
  const byPlugin = new Map<string, Withheld>()
  for (const [node, removal] of removed) {
    const withheld = byPlugin.get(removal.plugin) ?? { file, modules: [], ...removal }
    byPlugin.set(removal.plugin, withheld)
    withheld.modules.push(node)
  }
  for (const withheld of byPlugin.values()) onWithheld(withheld)
}

/** Calls a hook, and notes which event plugins have sent until it has answered. */
async function sending<T>(call: () => T | Promise<T>): Promise<{ result: T; sent: string | undefined }> {
  const events = new Set<string>()
  running.add(events)
  try {
    const result = await call()
    const [sent] = events
    return { result, sent }
  } finally {
    running.delete(events)
  }
}

function noteSends(channel: { send(...args: never[]): void }): void {
  const send = channel.send as (...args: unknown[]) => void
  channel.send = (...args: unknown[]) => {
    const [payload] = args as [string | { type: string; event?: string; triggeredBy?: string }]
    const event = typeof payload === 'string' ? payload : payload.event
    // a full reload of Vite's own has `triggeredBy`
    const isReload = typeof payload === 'object' && payload.type === 'full-reload' && payload.triggeredBy === undefined
    const name = event ?? (isReload ? 'full-reload' : undefined)
    if (name !== undefined) for (const events of running) events.add(name)
    send.apply(channel, args)
  }
}

/** Puts `wrapper` around a hook, which may be a function or an object with one. */
function replace<This, Options>(
  plugin: Plugin,
  hook: Hook,
  wrapper: (call: () => unknown, self: This, options: Options) => unknown,
): void {
  const given = plugin[hook] as ((options: Options) => unknown) | { handler(options: Options): unknown } | undefined
  if (!given) return
  const handler = typeof given === 'object' ? given.handler : given
  function hookInWrapper(this: This, options: Options): unknown {
    return wrapper(() => handler.call(this as never, options), this, options)
  }
  // Reflect: false, not an error, for a plugin that is frozen
  Reflect.set(plugin, hook, typeof given === 'object' ? { ...given, handler: hookInWrapper } : hookInWrapper)
}
