/**
 * Finds imports that mean another file since a file came or went. Vite resolves an import when it transforms its importer, and
 * remembers the result: in the importer's code until the importer is saved, and for a URL that meant no file for ever.
 */
import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import type { DevEnvironment, EnvironmentModuleNode, ViteDevServer } from 'vite'
import { isFilePath, slash } from '../../shared/util/file-path.ts'
import { watchMissing } from './outside-files.ts'

/** Events of a watcher. */
export type FileEvent = 'add' | 'change' | 'unlink'

/** The resolutions that one environment remembers. */
export interface Resolutions {
  /**
   * Forgets the code of `file`, which comes or goes, and all resolutions that this may change. Returns the importers with such an import.
   * `change`: it was saved, which may be all that the watcher tells of one that was deleted and is back.
   */
  forget(event: FileEvent, file: string): EnvironmentModuleNode[]
  /** Of the importers that `forget` found for `file`: those whose imports mean other files now, or that fail to transform. */
  changed(file: string): Promise<EnvironmentModuleNode[]>
}

const environments = new WeakMap<DevEnvironment, Resolutions>()

/** The resolutions of `environment`: the same object for each caller. */
export function resolutionsOf(environment: DevEnvironment): Resolutions {
  let resolutions = environments.get(environment)
  if (!resolutions) {
    resolutions = createResolutions(environment)
    environments.set(environment, resolutions)
  }
  return resolutions
}

/** Calls `forget` for each event of a file; ends with the watcher. */
export function watchResolutions(watcher: ViteDevServer['watcher'], environment: DevEnvironment): void {
  const resolutions = resolutionsOf(environment)
  for (const event of ['add', 'change', 'unlink'] as const)
    watcher.on(event, (file) => void resolutions.forget(event, slash(file)))
}

function createResolutions(environment: DevEnvironment): Resolutions {
  const { moduleGraph } = environment
  /** File that came or went -> importers that this may concern. */
  const concerned = new Map<string, Set<EnvironmentModuleNode>>()
  /** Modules that are to be transformed again -> their imports from before; `undefined` if they had no code. */
  const before = new Map<EnvironmentModuleNode, string | undefined>()
  /** Modules whose transform has failed -> the message. Vite fails over `hot.accept('./new.js')` without a file, and notes no import then. */
  const failures = new Map<EnvironmentModuleNode, string>()
  /** Those among them that a new file may have mended. */
  const retried = new Set<EnvironmentModuleNode>()
  /** Files that an import has missed, and of which a change was told: Vite's resolver remembers that they were not there. */
  const returned = new Set<string>()

  const { transformRequest } = environment
  environment.transformRequest = async function (url, ...rest) {
    const nodeOf = () => moduleGraph.getModuleByUrl(url).catch(() => undefined)
    try {
      const result = await transformRequest.call(this, url, ...rest)
      if (failures.size > 0) failures.delete((await nodeOf())!)
      const missing = [...(result?.deps ?? []), ...(result?.dynamicDeps ?? [])].filter((each) => each.startsWith('.'))
      // outside of the root nobody would hear of the file
      const importer = missing.length > 0 ? (await nodeOf())?.file : undefined
      if (importer) for (const each of missing) watchMissing(environment, posix.join(posix.dirname(importer), each))
      return result
    } catch (error) {
      const node = await nodeOf()
      if (node) failures.set(node, String((error as Error)?.message))
      throw error
    }
  }

  function forget(event: FileEvent, file: string): EnvironmentModuleNode[] {
    const name = nameOf(file)
    const importers = new Set<EnvironmentModuleNode>()
    const unresolved = new Set<EnvironmentModuleNode>()
    for (const node of moduleGraph.idToModuleMap.values()) {
      // A file is deleted, then its importer is transformed, then the file is back: all that the watcher tells may be a change of it.
      const isUnresolved = event !== 'unlink' && isPhantom(node) && (event === 'add' || nameOf(node.url) === name)
      if (isUnresolved) unresolved.add(node)
      const isNear = event === 'add' && node.file && nameOf(node.file) === name
      if (isUnresolved || (event !== 'change' && (node.file === file || isNear))) {
        for (const importer of node.importers) importers.add(importer)
        // a file is renamed, then its new name is told, then 100 ms pass, then its end is told: its code must not run until then
        if (isFilePath(node.file ?? '') && !existsSync(node.file!)) node.transformResult = null
      }
    }
    for (const node of importers) retried.delete(node)
    for (const [node, message] of failures) {
      if (event === 'unlink' || node.file === file || importers.has(node) || !message.includes(name)) continue
      retried.add(node)
      importers.add(node)
    }
    for (const node of importers) {
      const isKnown = node.transformResult !== null || isSoft(node)
      if (isKnown || !before.has(node)) before.set(node, isKnown ? importsOf(node) : undefined)
      moduleGraph.invalidateModule(node)
    }
    if (unresolved.size > 0) dropModules(moduleGraph, unresolved)
    if (unresolved.size > 0 && event === 'change') returned.add(file)
    // Vite does this for a file that is saved, but for one that comes or goes only once all `hotUpdate` hooks have answered, and then
    // keeps the result of a transform that began before: its code would be from before for ever
    if (event !== 'change') moduleGraph.onFileChange(file)
    if (importers.size > 0) concerned.set(file, new Set([...importers, ...(concerned.get(file) ?? [])]))
    return [...importers]
  }

  async function changed(file: string): Promise<EnvironmentModuleNode[]> {
    const importers = [...(concerned.get(file) ?? [])]
    concerned.delete(file)
    if (returned.delete(file)) await environment.pluginContainer.watchChange(file, { event: 'create' })
    // forget() runs, then a transform gets old answers of Vite's resolver, then the resolver hears of the file: so once more
    for (const node of importers) moduleGraph.invalidateModule(node)
    const verdicts = await Promise.all(importers.map(isChanged))
    return importers.filter((_, index) => verdicts[index])
  }

  async function isChanged(node: EnvironmentModuleNode): Promise<boolean> {
    const isKnown = retried.delete(node)
    try {
      await environment.transformRequest(node.url)
    } catch {
      // runners that hold the module get this error with the update, and its end, also if the imports are the same again
      before.set(node, undefined)
      return !isKnown
    }
    // an event of another file has compared this module already
    if (!before.has(node)) return false
    const imports = before.get(node)
    before.delete(node)
    return imports !== importsOf(node)
  }

  return { forget, changed }
}

/** Has Vite forget these modules: it resolves their URLs again when they are asked for. */
export function dropModules(moduleGraph: DevEnvironment['moduleGraph'], nodes: Iterable<EnvironmentModuleNode>): void {
  // `_unresolvedUrlToModuleMap` is internal to Vite: URL as written -> module
  const { idToModuleMap, urlToModuleMap, fileToModulesMap, _unresolvedUrlToModuleMap } =
    moduleGraph as typeof moduleGraph & { _unresolvedUrlToModuleMap?: Map<string, unknown> }
  for (const node of nodes) {
    idToModuleMap.delete(node.id!)
    for (const map of [urlToModuleMap, _unresolvedUrlToModuleMap]) map?.delete(node.url)
    fileToModulesMap.get(node.file!)?.delete(node)
    for (const { importers } of node.importedModules) importers.delete(node)
  }
}

/**
 * `true` for a module that stands for an import that Vite could not resolve: its id is the specifier itself, or the target of an
 * alias. A plugin's module may look the same; dropping it is harmless, because it is made again when needed.
 */
function isPhantom({ id, url, transformResult }: EnvironmentModuleNode): boolean {
  return transformResult === null && (id === url || (!url.startsWith('/') && !id!.startsWith('\0')))
}

/** `true` if Vite still has the code of a module that was invalidated only for one of its imports. */
function isSoft(node: EnvironmentModuleNode): boolean {
  const { invalidationState } = node as { invalidationState?: unknown }
  return typeof invalidationState === 'object' && invalidationState !== null
}

/** The modules that a module imports, as text to compare. */
function importsOf({ importedModules }: EnvironmentModuleNode): string {
  return JSON.stringify(Array.from(importedModules, ({ id, url }) => `${url} ${id}`).sort())
}

/**
 * The last part of a specifier that may mean `file`: its name without extension, or its folder's name for an index or package.json.
 * The folders before it may be any, by `paths` of tsconfig.json or `imports` of package.json.
 */
function nameOf(file: string): string {
  const { name, dir } = posix.parse(file)
  return name === 'index' || name === 'package' ? posix.basename(dir) : name
}
