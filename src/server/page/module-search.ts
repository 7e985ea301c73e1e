/** Finds modules in Vite's graph, and the ways that an update takes from one: to boundaries that accept it, or to roots. */
import type { DevEnvironment, EnvironmentModuleNode } from 'vite'
import type { FoundModule, FoundModules, ShownModule, Way } from './page-types.ts'

type Graph = DevEnvironment['moduleGraph']

/** Number of modules that an answer names, of ways, and of modules that are tried as a place for `accept()`. */
const MODULES = 200
const WAYS = 20
const TRIED = 50

/** The modules whose URL contains all words of `query`; the shortest URLs first. */
export function searchModules(graph: Graph, query: string): FoundModules {
  const words = query.toLowerCase().split(/\s+/)
  const found = nodesOf(graph).filter(({ url }) => words.every((word) => url.toLowerCase().includes(word)))
  found.sort((a, b) => a.url.length - b.url.length || a.url.localeCompare(b.url))
  return { total: found.length, modules: found.slice(0, MODULES).map(summaryOf) }
}

/** The place of the module with this URL; `undefined` if there is none. */
export function placeOfModule(graph: Graph, url: string): ShownModule | undefined {
  const node = graph.urlToModuleMap.get(url)
  if (!node) return undefined
  const { accepted, unaccepted } = waysOf(node)
  return {
    ...summaryOf(node),
    importedBy: urlsOf(node.importers),
    imports: urlsOf(node.importedModules),
    accepted,
    unaccepted,
    wouldAccept: wouldAccept(node, unaccepted[0] ?? []),
  }
}

/** The modules in which an `accept()` would have made an update of this chain, whose first module was saved. */
export function placesForAccept(graph: Graph, chain: readonly string[]): string[] {
  const node = graph.urlToModuleMap.get(chain[0] ?? '')
  return node ? wouldAccept(node, chain) : []
}

/** Modules with code: Vite keeps files that plugins watch in the same graph. */
function nodesOf({ idToModuleMap }: Graph): EnvironmentModuleNode[] {
  return [...new Set(idToModuleMap.values())].filter(({ type }) => type === 'js')
}

function summaryOf(node: EnvironmentModuleNode): FoundModule {
  return { url: node.url, importers: node.importers.size, accepts: accepts(node) }
}

/** It accepts all updates of itself, or those of some of its exports. */
function accepts({ isSelfAccepting, acceptedHmrExports }: EnvironmentModuleNode): boolean {
  return isSelfAccepting === true || (acceptedHmrExports?.size ?? 0) > 0
}

function urlsOf(nodes: Iterable<EnvironmentModuleNode>): string[] {
  return [...nodes]
    .map(({ url }) => url)
    .sort()
    .slice(0, MODULES)
}

/** The shortest way to each boundary and each root; with `accepting` as if that module accepted itself, too. */
function waysOf(from: EnvironmentModuleNode, accepting?: string): Record<'accepted' | 'unaccepted', Way[]> {
  const accepted: Way[] = []
  const unaccepted: Way[] = []
  const seen = new Set([from])
  const queue: { node: EnvironmentModuleNode; way: Way }[] = [{ node: from, way: [from.url] }]
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { node, way } = next
    if (accepts(node) || node.url === accepting) {
      if (accepted.length < WAYS) accepted.push(way)
      continue
    }
    if (node.importers.size === 0 && unaccepted.length < WAYS) unaccepted.push(way)
    for (const importer of node.importers) {
      const longer = [...way, importer.url]
      if (importer.acceptedHmrDeps.has(node)) {
        if (accepted.length < WAYS) accepted.push(longer)
      } else if (!seen.has(importer)) {
        seen.add(importer)
        queue.push({ node: importer, way: longer })
      }
    }
  }
  return { accepted, unaccepted }
}

/** The modules of `chain` that all ways to a root pass: with an `accept()` in one of them there is no such way any more. */
function wouldAccept(from: EnvironmentModuleNode, chain: readonly string[]): string[] {
  return chain
    .slice(0, TRIED)
    .filter((url) => !/\/node_modules\/|^\/@|\0/.test(url) && waysOf(from, url).unaccepted.length === 0)
}
