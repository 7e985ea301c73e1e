/**
 * Maps paths between two machines that have one project: module ids carry the server's paths, modules that run here see this
 * machine's.
 */
import native, { type PlatformPath } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ModuleId, ModuleRecord } from '../../shared/types.ts'
import { fromFsUrl, isFilePath, slash, toFsUrl, withoutQuery } from '../../shared/util/file-path.ts'

/** The place of a module on this machine. */
export interface ModulePlace {
  /** Absolute path without query: `import.meta.filename`, `__filename`. A virtual module gets a path below the root. */
  file: string
  /** Name of the script in V8: `file` and the query of the id, so that it is unique for each module. */
  script: string
}

/** Maps the server's project root to this machine's and back. A path outside the root stays as it is. */
export class Paths {
  readonly root: string
  readonly serverRoot: string

  readonly #native: PlatformPath

  /** Both roots are absolute paths. @param system path functions of the runner's operating system @default this one */
  constructor(root: string, serverRoot: string, system: PlatformPath = native) {
    this.#native = system
    this.root = system.resolve(root)
    this.serverRoot = stripSlash(serverRoot)
  }

  /** The server's path -> this machine's. */
  toLocal(path: string): string {
    return this.#native.normalize(swap(path, this.serverRoot, slash(this.root)))
  }

  /** This machine's path -> the server's. */
  toServer(path: string): string {
    return swap(slash(path), slash(this.root), this.serverRoot)
  }

  /** The place of a module. */
  place({ id, file }: Pick<ModuleRecord, 'id' | 'file'>): ModulePlace {
    if (file === null) {
      const script = isFilePath(id) ? this.toLocal(id) : this.#native.join(this.root, id.replaceAll('\0', ''))
      return { file: withoutQuery(script), script }
    }
    const local = this.toLocal(file)
    return { file: local, script: id.startsWith(file) ? local + id.slice(file.length) : this.toLocal(id) }
  }

  /** The source that a source map of `file` calls `source`: a path on this machine, or a URL if it is no file. */
  sourceOf(source: string | null, file: string): string {
    if (!source) return file
    if (source.startsWith('file://')) return this.toLocal(this.#fromFileUrl(source))
    if (/^[a-z][a-z\d+.-]+:/i.test(source)) return source
    if (isFilePath(source)) return this.toLocal(source)
    return this.#native.resolve(this.#native.dirname(file), source)
  }

  /**
   * Turns a specifier from the user or a computed `import()` into one for the server: paths and file URLs become server paths. A
   * time stamp (`?t=1700000000000`) is removed: apps add it to get past Node's cache, and here it would make a second module.
   */
  toRequest(written: string): string {
    const specifier = written.replace(/([?&])t=\d{13}(?:&|$)/, '$1').replace(/[?&]$/, '')
    if (specifier.startsWith('file://')) {
      const { search, hash } = new URL(specifier)
      return this.toServer(this.#fromFileUrl(specifier)) + search + hash
    }
    const path = fromFsUrl(specifier)
    if (path !== undefined) return this.toServer(path)
    if (specifier.startsWith('\0')) return `/@id/__x00__${specifier.slice(1)}`
    // `C:\` and `C:/` are drives: no URL scheme has one letter
    const isLocal = isBelow(slash(specifier), slash(this.root)) || /^[a-z]:[\\/]/i.test(specifier)
    return isLocal ? this.toServer(specifier) : specifier
  }

  /** The module id that a URL of Vite most likely has, worked out from its text alone. */
  urlToId(url: string): ModuleId {
    if (url.startsWith('/@id/')) return url.slice('/@id/'.length).replace('__x00__', '\0')
    const path = fromFsUrl(url)
    if (path !== undefined) return path
    if (url.startsWith('file://')) return this.toServer(this.#fromFileUrl(url))
    if (isBelow(url, this.serverRoot)) return url
    return url.startsWith('/') ? this.serverRoot + url : url
  }

  /** The URL for log lines of a module of which this runner has no record, worked out from its id alone. */
  idToUrl(id: ModuleId): string {
    if (isBelow(id, this.serverRoot)) return id.slice(this.serverRoot.length)
    return isFilePath(id) ? toFsUrl(id) : id
  }

  #fromFileUrl(url: string): string {
    return fileURLToPath(url, { windows: this.#native.sep === '\\' })
  }
}

function swap(path: string, from: string, to: string): string {
  return isBelow(path, from) ? to + path.slice(from.length) : path
}

function isBelow(path: string, root: string): boolean {
  return path.startsWith(root) && (path.length === root.length || path[root.length] === '/')
}

function stripSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}
