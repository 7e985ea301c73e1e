/** One plugin for all commands of Vite, with hooks of its own where it is built and previewed. */
import type { Plugin } from 'vite'

/** A plugin with the hooks of `dev`, and with others for `vite build` and `vite preview`: Vite reads them after it has called `apply`. */
export function forEachCommand(dev: Plugin, production: Partial<Plugin>): Plugin {
  const { name, apply, ...hooks } = dev
  const plugin: Plugin = {
    name,
    sharedDuringBuild: true,
    apply(config, env) {
      const isProduction = env.command === 'build' || env.isPreview === true
      const [wanted, other] = isProduction ? [production, hooks] : [hooks, production]
      for (const key of Object.keys(other)) delete (plugin as unknown as Record<string, unknown>)[key]
      Object.assign(plugin, { api: dev.api }, wanted)
      return isProduction ? !config.build?.ssr : (apply as (...args: unknown[]) => boolean)(config, env)
    },
  }
  return Object.assign(plugin, hooks)
}
