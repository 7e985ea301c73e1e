/** `vite-tether/hmr`: hot module replacement for a `ViteNodeRunner`, a drop-in for `vite-node/hmr`. */
export type { CacheData, HotCallback, HotModule } from './client/hmr/cache.ts'
export { getCache } from './client/hmr/engine.ts'
export { createHotContext, type HotContext } from './client/hmr/hot-context.ts'
export { handleMessage, reload, sendMessageBuffer } from './client/hmr/payloads.ts'
export type { ModuleNamespace } from './client/module-types.ts'
export { viteNodeHmrPlugin } from './server/plugin/hmr-plugin.ts'
export { createHmrEmitter, type HMREmitter, type HMREvents, type HMRPayload } from './shared/hmr-emitter.ts'
