/** The `HotRuntime` of a plain `ViteNodeRunner`: what vite-node's module cache tells, and transformed code where it does not. */
import { existsSync } from 'node:fs'
import path, { posix } from 'node:path'
import type { ModuleId } from '../../../shared/types.ts'
import { fromFsUrl, isFilePath, slash, toFsUrl } from '../../../shared/util/file-path.ts'
import type { ViteNodeRunner } from '../../vite-node-runner.ts'
import type { DetachedInstance, HotRuntime } from '../hot-runtime.ts'
import { readSsrCode } from './edges.ts'
import { CacheGraph } from './graph.ts'
import { type Entry, takeRequests } from './module-requests.ts'
import { changedBelow, prepareModules } from './prepare.ts'

interface Detached extends DetachedInstance {
  entry: Entry
}

/** Ids that stand for a module's previous code, for `fetchModule`. */
const PREVIOUS = '\0vite-tether:previous:'

/** Makes the runtime; one a runner. */
export function createInProcessRuntime(runner: ViteNodeRunner): HotRuntime {
  const { moduleCache, options } = runner
  const root = slash(runner.root).replace(/\/$/, '')
  const previousCode = new Map<string, string>()
  /** Roots: modules that were executed from outside. At first, those that no module imports. */
  const executed = new Set<ModuleId>()
  const requests = takeRequests(runner)
  const graph = new CacheGraph(moduleCache, requests, { toId, toUrl })
  const { request, isRunning, hasFailed } = requests

  const fetchModule = options.fetchModule
  options.fetchModule = async (id) => {
    const code = previousCode.get(id)
    return code === undefined ? fetchModule(id) : { code }
  }

  function toId(specifier: string, owner?: ModuleId): ModuleId {
    const url = specifier.replace(/([?&])t=\d+(&|$)/, '$1').replace(/[?&]$/, '')
    if (url.startsWith('/@id/')) return url.slice('/@id/'.length).replace('__x00__', '\0')
    const path = fromFsUrl(url)
    if (path !== undefined) return path
    if (url.startsWith('.')) return posix.join(owner === undefined ? root : posix.dirname(owner), url)
    if (!url.startsWith('/') || url.startsWith(`${root}/`)) return url
    const inRoot = `${root}${url}`
    if (moduleCache.has(inRoot) || existsSync(inRoot.replace(/[?#].*$/, ''))) return inRoot
    return moduleCache.has(url) || existsSync(url.replace(/[?#].*$/, '')) ? url : inRoot
  }

  function toUrl(id: ModuleId): string {
    if (id.startsWith(`${root}/`)) return id.slice(root.length)
    if (id.startsWith('\0')) return `/@id/__x00__${id.slice(1)}`
    return isFilePath(id) ? toFsUrl(id) : id
  }

  async function resolve(file: string): Promise<ModuleId> {
    const [, id] = await runner.resolveUrl(file)
    return moduleCache.normalizePath(id)
  }

  /** The id by which vite-node asks the server for a module. */
  function requestOf(id: ModuleId): string {
    return isFilePath(id) ? toUrl(id) : id
  }

  /** The rejection of an instance stays cached for ever: forget those that have failed, so that they are tried again. */
  async function forgetFailed(): Promise<void> {
    await requests.noteFailures()
    for (const [id, entry] of moduleCache) if (hasFailed(entry)) graph.take(id, moduleCache.getByModuleId(id))
  }

  function detachOne(id: ModuleId): Detached[] {
    const entry = graph.attempt(id)
    if (!entry) return []
    graph.take(id, entry)
    return hasFailed(entry) ? [] : [{ id, entry }]
  }

  const { resolveUrl } = runner
  runner.resolveUrl = async (specifier, importer) => {
    const [url, id] = await resolveUrl.call(runner, specifier, importer)
    // vite-node takes the path of a file that is gone for that of the root: it stays the module that it was
    return id.startsWith('/') && !graph.attempt(id) && graph.isKnown(`${root}${id}`) ? [url, `${root}${id}`] : [url, id]
  }

  for (const id of moduleCache.keys()) if (graph.live(id)?.importers.size === 0) executed.add(id)
  const { executeId, executeFile } = runner
  runner.executeId = async (id) => {
    executed.add(await resolve(id))
    return executeId.call(runner, id)
  }
  runner.executeFile = async (file) => {
    executed.add(moduleCache.normalizePath(slash(path.resolve(file))))
    return executeFile.call(runner, file)
  }

  const code = {
    live: (id: ModuleId) => graph.live(id),
    computed: (id: ModuleId) => graph.computed(id),
    toId,
    toUrl,
    fetch: (id: ModuleId) => fetchModule(requestOf(id)),
  }

  const isSettled = (ids: Iterable<ModuleId>): boolean => {
    for (const id of ids) {
      const entry = graph.attempt(id)
      if (entry && isRunning(entry)) return false
    }
    return true
  }

  return {
    node: (id) => graph.node(id),
    attempted: (id) => graph.attempted(id),
    ids: () => graph.ids(),
    isKnown: (id) => graph.isKnown(id),
    track() {
      const before = new Set(graph.ids())
      return () => graph.ids().filter((id) => !before.has(id))
    },
    roots: () => [...executed],
    toId,
    resolve,
    toUrl,
    async install() {
      await forgetFailed()
      return []
    },
    changed: (ids) => changedBelow(code, ids),
    async nextImports(id) {
      const fetched = await code.fetch(id).catch(() => undefined)
      if (!fetched) return graph.isKnown(id) ? undefined : new Set()
      const next = graph.targets(id, readSsrCode(fetched.code ?? ''))
      const entry = graph.live(id)
      if (!entry) return next
      const shown = isRunning(entry) ? new Set<ModuleId>() : graph.shown(id, entry)
      return new Set([...next, ...[...graph.imports(id, entry)].filter((dep) => !shown.has(dep))])
    },
    prepare: (roots, replaced) => prepareModules(code, roots, replaced),
    detach: (ids) => [...ids].flatMap(detachOne),
    attach(instances) {
      for (const { id, entry } of instances as Detached[]) moduleCache.setByModuleId(id, entry)
    },
    async reevaluate(instance) {
      const { id, entry } = instance as Detached
      const previous = `${PREVIOUS}${toUrl(id)}`
      moduleCache.deleteByModuleId(id)
      previousCode.set(previous, entry.code!)
      try {
        const fresh = await request(previous, id)
        // importers that kept their instance hold the old namespace object
        for (const key of Reflect.ownKeys(entry.exports)) Reflect.deleteProperty(entry.exports, key)
        const { [Symbol.toStringTag]: _, ...properties } = Object.getOwnPropertyDescriptors(fresh)
        Object.defineProperties(entry.exports, properties)
        Object.assign(moduleCache.getByModuleId(id), {
          exports: entry.exports,
          promise: Promise.resolve(entry.exports),
        })
      } catch (error) {
        moduleCache.setByModuleId(id, entry)
        throw error
      } finally {
        previousCode.delete(previous)
      }
    },
    evaluate: (id) => request(requestOf(id), id),
    isSettled,
    async settled(ids) {
      const wanted = [...ids]
      while (!isSettled(wanted)) await Promise.allSettled(wanted.map((id) => graph.attempt(id)?.promise))
    },
  }
}
