/**
 * Imports that mean something else since a file came or went. Vite resolves an import when it transforms its importer, and remembers
 * the answer: the importer's code, until the importer itself is saved, and an URL that meant no file for good.
 */
import { posix } from 'node:path'
import type { DevEnvironment, EnvironmentModuleNode, ViteDevServer } from 'vite'
import { slash } from '../../shared/util/file-path.ts'

/** The resolutions that one environment remembers. */
export interface Resolutions {
  /** `file` appeared or is gone: what may have meant it is going to be resolved again. Returns the importers that this concerns. */
  forget(event: 'add' | 'unlink', file: string): EnvironmentModuleNode[]
  /** Those of them whose imports mean something else now, or that cannot be transformed. */
  changed(file: string): Promise<EnvironmentModuleNode[]>
}

const environments = new WeakMap<DevEnvironment, Resolutions>()

/** The resolutions of `environment`, for everybody who asks the same. */
export function resolutionsOf(environment: DevEnvironment): Resolutions {
  let resolutions = environments.get(environment)
  if (!resolutions) {
    resolutions = createResolutions(environment)
    environments.set(environment, resolutions)
  }
  return resolutions
}

/** Has `environment` forget with each file that comes or goes; it ends with the watcher. */
export function watchResolutions(watcher: ViteDevServer['watcher'], environment: DevEnvironment): void {
  for (const event of ['add', 'unlink'] as const) {
    watcher.on(event, (file) => resolutionsOf(environment).forget(event, slash(file)))
  }
}

function createResolutions(environment: DevEnvironment): Resolutions {
  const { moduleGraph } = environment
  /** By the file that came or went. */
  const concerned = new Map<string, Set<EnvironmentModuleNode>>()
  /** Modules that are to be transformed again -> their imports as they were; `undefined` if their code is not known either. */
  const before = new Map<EnvironmentModuleNode, string | undefined>()

  function forget(event: 'add' | 'unlink', file: string): EnvironmentModuleNode[] {
    const name = nameOf(file)
    const importers = new Set<EnvironmentModuleNode>()
    const unresolved = new Set<EnvironmentModuleNode>()
    for (const node of moduleGraph.idToModuleMap.values()) {
      const isUnresolved = event === 'add' && isPhantom(node)
      if (isUnresolved) unresolved.add(node)
      if (isUnresolved || node.file === file || (event === 'add' && node.file && nameOf(node.file) === name)) {
        for (const importer of node.importers) importers.add(importer)
      }
    }
    for (const node of importers) {
      const isKnown = node.transformResult !== null || isSoft(node)
      if (isKnown || !before.has(node)) before.set(node, isKnown ? importsOf(node) : undefined)
      moduleGraph.invalidateModule(node)
    }
    if (unresolved.size > 0) drop(unresolved)
    if (importers.size > 0) concerned.set(file, new Set([...importers, ...(concerned.get(file) ?? [])]))
    return [...importers]
  }

  async function changed(file: string): Promise<EnvironmentModuleNode[]> {
    const importers = [...(concerned.get(file) ?? [])]
    concerned.delete(file)
    // Vite's resolver hears of the file after `forget`, and a transform that came between has had its old answers
    for (const node of importers) moduleGraph.invalidateModule(node)
    const verdicts = await Promise.all(importers.map(isChanged))
    return importers.filter((_, index) => verdicts[index])
  }

  async function isChanged(node: EnvironmentModuleNode): Promise<boolean> {
    try {
      await environment.transformRequest(node.url)
    } catch {
      // whoever runs it is told why
      return true
    }
    // another file's event was quicker to say so
    if (!before.has(node)) return false
    const imports = before.get(node)
    before.delete(node)
    return imports !== importsOf(node)
  }

  /** Lets Vite resolve the URLs of these modules again. */
  function drop(nodes: ReadonlySet<EnvironmentModuleNode>): void {
    // `_unresolvedUrlToModuleMap` is internal to Vite: what it has made of each URL
    const { idToModuleMap, urlToModuleMap, fileToModulesMap, _unresolvedUrlToModuleMap } =
      moduleGraph as typeof moduleGraph & { _unresolvedUrlToModuleMap?: Map<string, unknown> }
    for (const node of nodes) {
      for (const map of [idToModuleMap, urlToModuleMap, _unresolvedUrlToModuleMap]) map?.delete(node.url)
      fileToModulesMap.get(node.file!)?.delete(node)
    }
  }

  return { forget, changed }
}

/**
 * Vite has not resolved the import that this module stands for, and has made an id of the specifier itself, or of what an alias
 * says. A plugin's module that looks like one can be made again at any time.
 */
function isPhantom({ id, url, transformResult }: EnvironmentModuleNode): boolean {
  return transformResult === null && (id === url || (!url.startsWith('/') && !id!.startsWith('\0')))
}

/** Vite keeps the code of a module of which only an import was saved. */
function isSoft(node: EnvironmentModuleNode): boolean {
  const { invalidationState } = node as { invalidationState?: unknown }
  return typeof invalidationState === 'object' && invalidationState !== null
}

/** The modules that the imports of a module mean, as text. */
function importsOf({ importedModules }: EnvironmentModuleNode): string {
  return JSON.stringify(Array.from(importedModules, ({ id, url }) => `${url} ${id}`).sort())
}

/** By which an import may mean a file: without extension, or that of its folder. A folder in `paths` or `imports` may be any. */
function nameOf(file: string): string {
  const { name, dir } = posix.parse(file)
  return name === 'index' || name === 'package' ? posix.basename(dir) : name
}
