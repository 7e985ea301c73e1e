/** The `HotRuntime` of a plain `ViteNodeRunner`: what vite-node's module cache tells, and transformed code where it does not. */
import { existsSync } from 'node:fs'
import path, { posix } from 'node:path'
import type { ViteNodeRunner } from 'vite-node/client'
import type { ModuleId } from '../../../shared/types.ts'
import { fromFsUrl, isFilePath, slash, toFsUrl } from '../../../shared/util/file-path.ts'
import type { ImportedNames, ModuleNamespace } from '../../module-types.ts'
import type { DetachedInstance, GraphNode, HotRuntime } from '../hot-runtime.ts'
import { readSsrCode, type SsrCode } from './edges.ts'
import { changedBelow, prepareModules } from './prepare.ts'

/** An entry of vite-node's cache. Applications' modules have code; externals have exports only. */
type Entry = ReturnType<ViteNodeRunner['moduleCache']['get']>

/** What vite-node has but keeps out of its types. */
interface Internals {
  cachedRequest(id: string, fsPath: string, callstack: string[]): Promise<ModuleNamespace>
}

interface Detached extends DetachedInstance {
  entry: Entry
}

/** Ids that stand for a module's previous code, for `fetchModule`. */
const PREVIOUS = '\0vite-tether:previous:'

/** Makes the runtime; one a runner. */
export function createInProcessRuntime(runner: ViteNodeRunner): HotRuntime {
  const { moduleCache, options } = runner
  const root = slash(runner.root).replace(/\/$/, '')
  const ended = new WeakMap<Promise<unknown>, boolean>()
  const parsed = new WeakMap<Entry, SsrCode>()
  /** Importers of instances that were replaced: they hold on to the new one. Checked against their own imports when read. */
  const formerImporters = new Map<ModuleId, Set<ModuleId>>()
  /** Computed `import()`s that an earlier instance of the module ran. */
  const computed = new Map<ModuleId, Set<ModuleId>>()
  const previousCode = new Map<string, string>()
  /** What was executed from outside; at this point, whatever nobody imports. */
  const executed = new Set<ModuleId>()
  const internals = runner as unknown as Internals

  const fetchModule = options.fetchModule
  options.fetchModule = async (id) => {
    const code = previousCode.get(id)
    return code === undefined ? fetchModule(id) : { code }
  }

  const entryOf = (id: ModuleId): Entry | undefined => {
    // get() of this map creates what it does not find
    const entry = moduleCache.has(id) ? moduleCache.getByModuleId(id) : undefined
    const isApplication =
      entry && (entry.code !== undefined || (entry.promise && !entry.exports && !ended.get(entry.promise)))
    return isApplication ? entry : undefined
  }

  const codeOf = (entry: Entry): SsrCode => {
    let code = parsed.get(entry)
    if (!code) {
      code = readSsrCode(entry.code ?? '')
      if (entry.code !== undefined) parsed.set(entry, code)
    }
    return code
  }

  /** What the code shows it imports, now or later. */
  function targetsOf(id: ModuleId, { imports, dynamic }: SsrCode): Set<ModuleId> {
    return new Set([...imports.keys(), ...dynamic].map((specifier) => toId(specifier, id)))
  }

  function importsOf(id: ModuleId, entry: Entry): Set<ModuleId> {
    const literal = [...codeOf(entry).dynamic].map((specifier) => toId(specifier, id))
    return new Set([...entry.imports, ...literal, ...(computed.get(id) ?? [])].filter((dep) => entryOf(dep)))
  }

  function importersOf(id: ModuleId, entry: Entry): Set<ModuleId> {
    const known = new Set([...entry.importers, ...(formerImporters.get(id) ?? [])])
    return new Set(
      [...known].filter((importer) => entryOf(importer)?.imports.has(id) || computed.get(importer)?.has(id)),
    )
  }

  function importedNames(id: ModuleId, entry: Entry, dep: ModuleId): ImportedNames {
    const { imports, dynamic } = codeOf(entry)
    const found = [...imports].filter(([specifier]) => toId(specifier, id) === dep).map(([, names]) => names)
    const isDynamic = [...dynamic].some((specifier) => toId(specifier, id) === dep)
    if (isDynamic || found.length === 0 || found.includes('*')) return '*'
    return (found as string[][]).flat()
  }

  function isEvaluated({ promise, evaluated }: Entry): boolean {
    return promise !== undefined && (ended.get(promise) ?? evaluated === true)
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

  /** What vite-node asks the server for when the module is imported. */
  function requestOf(id: ModuleId): string {
    return isFilePath(id) ? toUrl(id) : id
  }

  /** The rejection of an instance stays cached for ever: find those that have failed, so that they are tried again. */
  async function forgetFailed(): Promise<void> {
    for (const { promise } of moduleCache.values()) {
      if (!promise || ended.has(promise)) continue
      promise.then(
        () => ended.set(promise, true),
        () => ended.set(promise, false),
      )
    }
    await null
    for (const [id, { promise }] of moduleCache) {
      if (promise && ended.get(promise) === false) moduleCache.deleteByModuleId(id)
    }
  }

  function detachOne(id: ModuleId): Detached[] {
    const entry = entryOf(id)
    if (!entry) return []
    formerImporters.set(id, new Set([...entry.importers, ...(formerImporters.get(id) ?? [])]))
    const shown = targetsOf(id, codeOf(entry))
    const ran = [...entry.imports].filter((dep) => !shown.has(dep) && entryOf(dep))
    if (ran.length > 0) computed.set(id, new Set([...ran, ...(computed.get(id) ?? [])]))
    moduleCache.deleteByModuleId(id)
    return [{ id, entry }]
  }

  for (const id of moduleCache.keys()) if (entryOf(id)?.importers.size === 0) executed.add(id)
  const { executeId, executeFile } = runner
  runner.executeId = async (id) => {
    executed.add(await resolve(id))
    return executeId.call(runner, id)
  }
  runner.executeFile = async (file) => {
    executed.add(moduleCache.normalizePath(slash(path.resolve(file))))
    return executeFile.call(runner, file)
  }

  const code = { entryOf, toId, toUrl, fetch: (id: ModuleId) => fetchModule(requestOf(id)) }

  const ids = (): ModuleId[] => [...moduleCache.keys()].filter((id) => entryOf(id))

  return {
    node(id): GraphNode | undefined {
      const entry = entryOf(id)
      return (
        entry && {
          id,
          url: toUrl(id),
          importers: importersOf(id, entry),
          imports: importsOf(id, entry),
          importedNames: (dep) => importedNames(id, entry, dep),
          exportNames: () => Object.keys(entry.exports ?? {}),
          evaluated: isEvaluated(entry),
        }
      )
    },
    ids,
    track() {
      const before = new Set(ids())
      return () => ids().filter((id) => !before.has(id))
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
      const entry = entryOf(id)
      if (!entry) return new Set()
      const now = importsOf(id, entry)
      const current = (await code.fetch(id).catch(() => undefined))?.code
      if (current === undefined) return now
      const shown = targetsOf(id, codeOf(entry))
      return new Set([...targetsOf(id, readSsrCode(current)), ...[...now].filter((dep) => !shown.has(dep))])
    },
    prepare: (roots, replaced) => prepareModules(code, roots, replaced),
    detach: (ids) => [...ids].flatMap(detachOne),
    attach(instances) {
      for (const { id, entry } of instances as Detached[]) moduleCache.setByModuleId(id, entry)
    },
    async reevaluate(instance) {
      const { id, entry } = instance as Detached
      const request = `${PREVIOUS}${toUrl(id)}`
      moduleCache.deleteByModuleId(id)
      previousCode.set(request, entry.code!)
      try {
        const fresh = await internals.cachedRequest(request, id, [])
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
        previousCode.delete(request)
      }
    },
    evaluate: (id) => internals.cachedRequest(requestOf(id), id, []),
    // vite-node's cache does not tell
    isSettled: () => false,
    async settled(ids) {
      await Promise.allSettled([...ids].map((id) => entryOf(id)?.promise))
    },
  }
}
