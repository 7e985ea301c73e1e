/**
 * What Vite's own runners in this process are told of their code (`server.ssrLoadModule`, `environment.runner`). Vite answers one
 * that has a module already with "unchanged" unless nobody has transformed it since a save; we transform at once after each save.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { DevEnvironment, EnvironmentModuleNode, FetchResult } from 'vite'
import { clockOf } from './module-clock.ts'

/** By the runner that asks: what it was given, by the clock of each module. */
const given = new WeakMap<object, WeakMap<EnvironmentModuleNode, number>>()
const asking = new AsyncLocalStorage<object>()

/** Calls a listener of `vite:invoke`: whatever it asks the environment, `client` asks. */
export function askedBy(client: object, listener: () => unknown): void {
  asking.run(client, listener)
}

/** Has `environment` compare what a runner asks for with what that runner itself was given. */
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
    // one that was saved meanwhile is asked for again
    held.set(node, began ?? clockOf(node))
    return { ...answer, invalidate: true } as FetchResult
  }
}
