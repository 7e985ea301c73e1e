/**
 * Keeps Vite's own runners in this process current (`server.ssrLoadModule`, `environment.runner`). Without this: a file is saved,
 * then the hub lets Vite transform it at once for our runners, then Vite's runner asks for it, and Vite answers "unchanged"
 * because the result is in its cache.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { DevEnvironment, EnvironmentModuleNode, FetchResult } from 'vite'
import { clockOf } from './module-clock.ts'

/** Client of a runner -> the modules that it was given, each with the module's clock of that time. */
const given = new WeakMap<object, WeakMap<EnvironmentModuleNode, number>>()
const asking = new AsyncLocalStorage<object>()

/** Calls a listener of `vite:invoke`, and remembers for all its calls of the environment that `client` has asked. */
export function askedBy(client: object, listener: () => unknown): void {
  asking.run(client, listener)
}

/** Makes `environment` answer "unchanged" only for a module that this runner itself was given in its present state. */
export function answerEach(environment: DevEnvironment): void {
  const { moduleGraph } = environment
  const fetchModule = environment.fetchModule
  environment.fetchModule = async (url, importer, options) => {
    const client = asking.getStore()
    if (!client) return fetchModule.call(environment, url, importer, options)
    const held = given.get(client) ?? new WeakMap<EnvironmentModuleNode, number>()
    given.set(client, held)
    const holds = (node: EnvironmentModuleNode | undefined) =>
      options?.cached === true && node !== undefined && held.get(node) === clockOf(node)
    const known = moduleGraph.urlToModuleMap.get(url)
    if (holds(known)) return { cache: true }

    const began = known && clockOf(known)
    const answer: FetchResult = await fetchModule.call(environment, url, importer, { ...options, cached: false })
    const node = 'id' in answer ? moduleGraph.getModuleById(answer.id) : undefined
    if (!node) return answer
    if (holds(node)) return { cache: true }
    // the clock from before the transform: if the module was saved meanwhile, the runner gets it again next time
    held.set(node, began ?? clockOf(node))
    return { ...answer, invalidate: true } as FetchResult
  }
}
