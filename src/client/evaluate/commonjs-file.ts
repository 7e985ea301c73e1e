/**
 * CommonJS files of the app, run by Node's own loader: its cache, its `require`, its wrapper.
 */
import { Module } from 'node:module'
import { dirname } from 'node:path'

/** What Node has but keeps out of its types. */
interface Internals {
  _cache: Record<string, NodeJS.Module>
  _compile(code: string, file: string): void
}

/** The code of a file, and what identifies it. */
export interface CommonJsCode {
  /** Absolute path on this machine. */
  file: string
  code: string
  hash: string
}

const cache = (Module as unknown as Internals)._cache
const hashes = new WeakMap<NodeJS.Module, string>()

/**
 * The module at `file` from Node's cache; run first if it is not there, or was run from other code by this function. The module
 * that is `process.mainModule` is run as the main one. Throws what it throws.
 */
export function runCommonJs({ file, code, hash }: CommonJsCode): NodeJS.Module {
  const known = cache[file]
  if (known && (hashes.get(known) ?? hash) === hash) return known
  const { mainModule } = process
  // a main module that has run once is not the main one of a second run
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
