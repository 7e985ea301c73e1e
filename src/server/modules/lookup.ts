/** Finds the module of Vite's graph for a specifier or an id, and checks that a runner of this kind may have it. */
import { existsSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DevEnvironment, EnvironmentModuleNode } from 'vite'
import type { Kind } from '../../shared/session/protocol.ts'
import type { ModuleId } from '../../shared/types.ts'
import { fromFsUrl, isFilePath, slash, toFsUrl } from '../../shared/util/file-path.ts'
import { isAllowed } from '../vite/environment.ts'
import { maySend } from './access.ts'
import { denied, unresolved } from './load-errors.ts'

/** The lookups of one environment. */
export interface Lookup {
  /** The id of the module to which a specifier resolves; if there is none, the id that it would have. */
  resolve(
    kind: Kind,
    specifier: string,
    importer: ModuleId | undefined,
  ): Promise<{ id: ModuleId } | { external: string }>
  /** The module of this id. Throws if there is none, or a runner of that kind may not have it. */
  nodeFor(kind: Kind, id: ModuleId): Promise<EnvironmentModuleNode>
  /** `true` if a runner of that kind may have the module of this id, by what Vite has found in allowed code so far. */
  mayHave(kind: Kind, id: ModuleId): boolean
  /** The URL of a module, whether Vite's graph has it or not. */
  urlOf(id: ModuleId): string
}

/** Makes the lookups of `environment`. */
export function createLookup(environment: DevEnvironment): Lookup {
  const { moduleGraph } = environment
  const config = environment.getTopLevelConfig()
  const { root } = environment.config

  const mayHave = (kind: Kind, id: ModuleId) => kind === 'supervised' || maySend(config, isAllowed, id)

  const urlOf = (id: ModuleId): string => moduleGraph.getModuleById(id)?.url ?? toUrl(id)

  function toUrl(id: ModuleId): string {
    if (id.startsWith(`${root}/`)) return id.slice(root.length)
    return isFilePath(id) ? toFsUrl(id) : id
  }

  /** The path that a URL would have if there were such a file. */
  function toPath(kind: Kind, url: string, importer: string | undefined): ModuleId {
    if (url.startsWith('/')) return fromFsUrl(url) ?? (isOutside(kind, url) ? url : posix.join(root, url))
    return url.startsWith('.') ? posix.join(importer === undefined ? root : posix.dirname(importer), url) : url
  }

  /** `true` for a path outside of the root, by which a runner asks for `import('../../lib/x.js')`: it looks like a URL below it. */
  function isOutside(kind: Kind, url: string): boolean {
    const top = `/${url.split('/')[1]}`
    return existsSync(top) && !existsSync(root + top) && mayHave(kind, url)
  }

  /** The module of a URL; `undefined` if there is none. Asks plugins first, as Vite's graph would keep an entry for any URL. */
  async function byUrl(kind: Kind, url: string): Promise<EnvironmentModuleNode | undefined> {
    const known = moduleGraph.urlToModuleMap.get(url)
    if (known) return known
    const { pluginContainer } = environment
    const resolved = await pluginContainer.resolveId(url)
    // by the file's own URL: of /c.js, where only c.ts is there, Vite makes /c.js.ts, and loads the module from that after the next save
    if (resolved) return moduleGraph.ensureEntryFromUrl(isFilePath(resolved.id) ? toUrl(resolved.id) : url)
    // some plugins load an id that no plugin resolves
    return mayHave(kind, url) && (await pluginContainer.load(url)) ? moduleGraph.ensureEntryFromUrl(url) : undefined
  }

  const byId = async (kind: Kind, id: ModuleId) => moduleGraph.getModuleById(id) ?? (await byUrl(kind, toUrl(id)))

  async function nodeFor(kind: Kind, id: ModuleId): Promise<EnvironmentModuleNode> {
    const node = await byId(kind, id)
    if (node && mayHave(kind, node.id!)) return node
    if (!node) throw mayHave(kind, id) ? unresolved(toUrl(id)) : refused(id)
    // For an import that it cannot resolve Vite uses the URL as module id, which then looks like the path of quite another file.
    const isUnresolved = node.id === node.url && isFilePath(node.url) && !existsSync(node.url)
    throw isUnresolved && mayHave(kind, root + node.url) ? unresolved(node.url) : refused(node.id!)
  }

  function refused(id: ModuleId): Error {
    // JSON.stringify(), because an id may contain escape codes
    const what = `[vite-tether] an attached runner was refused ${JSON.stringify(id)}`
    const how = 'if it is to have it, see server.fs.allow and server.fs.deny in the Vite config.'
    environment.logger.warnOnce(`${what}: ${how}`)
    return denied(id)
  }

  return {
    urlOf,
    mayHave,
    nodeFor,

    async resolve(kind, specifier, importer) {
      const external = { external: specifier }
      if (isBuiltin(specifier) || /^(data|https?|node):/.test(specifier)) return external
      const at = async (id: ModuleId) => ({ id: (await byId(kind, id))?.id ?? id })
      let url = specifier.startsWith('file://') ? slash(fileURLToPath(specifier)) : unwrapId(specifier)
      if (url.startsWith(`${root}/`)) {
        // plugins may resolve the absolute path, which they would not recognise as a URL
        const resolved = await environment.pluginContainer.resolveId(url)
        if (resolved && !resolved.external && resolved.id !== url) return at(resolved.id)
        url = url.slice(root.length)
      }
      const file = importer === undefined ? undefined : (moduleGraph.getModuleById(importer)?.file ?? importer)
      const isBare = !/^[./\0]/.test(url)
      if (isBare || (url.startsWith('.') && file !== undefined)) {
        const resolved = await environment.pluginContainer.resolveId(url, file ?? posix.join(root, 'index.html'))
        if (resolved && !resolved.external && !(isBare && resolved.id.includes('/node_modules/'))) {
          return at(resolved.id)
        }
        if (isBare) return external
        if (file !== undefined) return { id: toPath(kind, url, file) }
      }
      return { id: (await byUrl(kind, url))?.id ?? toPath(kind, url, file) }
    },
  }
}

/** Undoes the encoding by which Vite's import analysis makes URLs of ids that are none (`/@id/__x00__name`). */
export function unwrapId(url: string): string {
  return url.startsWith('/@id/') ? url.slice('/@id/'.length).replace('__x00__', '\0') : url
}
