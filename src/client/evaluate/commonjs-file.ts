/**
 * CommonJS files of the app, run by Node's own loader: its cache, its `require`, its wrapper.
 */
import { Module } from 'node:module'
import { dirname } from 'node:path'

/** Members of `Module` that @types/node does not declare. */
interface Internals {
  _cache: Record<string, NodeJS.Module>
  _compile(code: string, file: string): void
}

/** The code of a file, with a hash that identifies the code. */
export interface CommonJsCode {
  /** Absolute path on this machine. */
  file: string
  code: string
  hash: string
}

const cache = (Module as unknown as Internals)._cache
const hashes = new WeakMap<NodeJS.Module, string>()

/**
 * The module at `file` from Node's cache. If it is not there, or this function ran it from other code, it runs first; the file of
 * `process.mainModule` runs as the main module. Throws what the module throws.
 */
export function runCommonJs({ file, code, hash }: CommonJsCode): NodeJS.Module {
  const known = cache[file]
  if (known && (hashes.get(known) ?? hash) === hash) return known
  const { mainModule } = process
  // a second run gets a module of its own: `require.main === module` is true in the first run only, so an app starts once
  const isMain = mainModule?.filename === file && !hashes.has(mainModule)
  const module = isMain ? mainModule : createModule(file, undefined)
  hashes.set(module, hash)
  cache[file] = module
  let ok = false
  try {
    ;(module as unknown as Internals)._compile(code.replace(/^#!/, '//'), file)
    module.loaded = true
    ok = true
  } finally {
    if (!ok) delete cache[file]
  }
  return module
}

/** A module as Node makes it before it loads its file. `parent` is `null` for a main module. */
export function createModule(file: string, parent: NodeJS.Module | null | undefined): NodeJS.Module {
  const module = new Module(file, parent as NodeJS.Module)
  module.filename = file
  module.paths = (Module as unknown as { _nodeModulePaths(folder: string): string[] })._nodeModulePaths(dirname(file))
  return module
}
