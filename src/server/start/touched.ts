/** Notes of which modules plugins have made the code, or a part of it. */
import type { Plugin } from 'vite'

type Handler = (this: unknown, ...args: unknown[]) => unknown
type Hooks = Record<'load' | 'transform', Handler | { handler: Handler } | undefined>

/** Has `touch` told the ids of modules for which one of `plugins` answers with code. The hooks stay what they are otherwise. */
export function watchPlugins(plugins: readonly Plugin[], touch: (id: string) => void): void {
  for (const plugin of plugins as unknown as Hooks[]) {
    for (const [name, position] of [
      ['load', 0],
      ['transform', 1],
    ] as const) {
      const hook = plugin[name]
      if (!hook) continue
      const handler = typeof hook === 'function' ? hook : hook.handler
      const noting: Handler = function (...args) {
        const note = (result: unknown) => {
          if (isCode(result, name === 'transform' ? args[0] : undefined)) touch(String(args[position]))
          return result
        }
        const result = handler.apply(this, args)
        return result instanceof Promise ? result.then(note) : note(result)
      }
      plugin[name] = typeof hook === 'function' ? noting : { ...hook, handler: noting }
    }
  }
}

function isCode(result: unknown, before: unknown): boolean {
  const { code } = (typeof result === 'object' && result !== null ? result : { code: result }) as { code?: unknown }
  return code !== undefined && code !== null && code !== before
}
