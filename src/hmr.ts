/** `vite-tether/hmr`: hot module replacement for a `ViteNodeRunner`, a drop-in for `vite-node/hmr`. */
export type { CacheData, HotCallback, HotModule } from './client/cache.ts'
export { getCache } from './client/engine.ts'
export { createHotContext, type HotContext } from './client/hot.ts'
export { handleMessage, reload, sendMessageBuffer } from './client/messages.ts'
export type { ModuleNamespace } from './client/runtime.ts'
export { viteNodeHmrPlugin } from './server/hmr-plugin.ts'
export { createHmrEmitter, type HMREmitter, type HMREvents, type HMRPayload } from './shared/hmr-emitter.ts'
