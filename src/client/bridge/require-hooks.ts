/**
 * `require()` of app files: CommonJS as Node would run it, ES modules as the runner has them, both also in TypeScript.
 */
import { existsSync } from 'node:fs'
import { Module } from 'node:module'
import { extname } from 'node:path'
import { createDebug } from 'obug'
import { installHooks } from '../code/node-hooks.ts'
import type { NativeLoads } from '../evaluate/native-loads.ts'
import { findAppSource, formatOfFile, isAppFile, isBare, isCodeFile, missedFiles, readSource } from './app-files.ts'
import { reportOtherHook } from './foreign-hooks.ts'
import type { Provider } from './provider.ts'

const debug = createDebug('vite-tether:native')

type Extension = (module: NodeJS.Module, file: string) => void
type Resolve = (request: string, parent: NodeJS.Module | undefined, ...rest: unknown[]) => string

/** Members of `Module` that @types/node does not declare. */
interface Internals {
  _cache: Record<string, unknown>
  _extensions: Record<string, Extension>
  _resolveFilename: Resolve
  prototype: { load(this: NodeJS.Module, file: string): void }
}

const internals = Module as unknown as Internals
/** Node tries extensions in the order of this list: its own come first, so that `./x` finds the same file as without the bridge. */
const EXTENSIONS = ['.js', '.json', '.cjs', '.mjs', '.ts', '.tsx', '.jsx', '.cts', '.mts']

/** Installs the hooks in this thread. Files that are not the app's are left to Node. */
export function hookRequire(provider: Provider): void {
  const own = new WeakSet<Extension>()
  function claim(extension: string): void {
    const { _extensions: extensions } = internals
    const previous = extensions[extension]
    const extend: Extension = (module, file) => {
      if (isAppFile(file)) load(provider, module, file, previous)
      else (previous ?? extensions['.js']!)(module, file)
    }
    own.add(extend)
    extensions[extension] = extend
  }
  for (const extension of EXTENSIONS) claim(extension)

  const loadFile = internals.prototype.load
  internals.prototype.load = function (file) {
    // code that Node loads may import a file of the app
    installHooks()
    const extension = extname(file)
    // a hook that came later (tsx, ts-node) would make a second instance of what the runner has
    if (EXTENSIONS.includes(extension) && isAppFile(file) && !own.has(internals._extensions[extension]!)) {
      reportOtherHook(file)
      claim(extension)
    }
    loadFile.call(this, file)
  }

  const resolveFilename = internals._resolveFilename
  internals._resolveFilename = function (request, parent, ...rest) {
    try {
      return resolveFilename.call(this, request, parent, ...rest)
    } catch (error) {
      const found = isNotFound(error) ? find(provider, request, parent?.filename, error) : undefined
      if (found === undefined) throw error
      return found
    }
  }
}

function load(provider: Provider, module: NodeJS.Module, file: string, previous: Extension | undefined): void {
  debug('require %s <- %s', file, module.parent?.filename)
  const { native } = provider.openNow()
  if (!existsSync(file)) {
    loadRemote(native, module, file)
    return
  }
  const format = !isCodeFile(file) ? 'data' : native.holds(file) ? 'module' : formatOfFile(file)
  const typescript = format === 'typescript' ? native.commonJs(file) : undefined
  if (format === 'module' || (format === 'typescript' && !typescript)) {
    // Out of Node's cache: a later require() must ask the runner again, because an update may have replaced the instance.
    delete internals._cache[file]
    module.exports = native.require(file, module.parent?.filename)
    return
  }
  // Told before the file is read. Read first, then a save, then told: the server would not know that the save concerns this process.
  native.loaded(file)
  if (format === 'data') previous!(module, file)
  else compile(module, typescript?.code ?? readSource(file), file)
}

/** A file of which only the server has the text. Vite makes an ES module of JSON. */
function loadRemote(native: NativeLoads, module: NodeJS.Module, file: string): void {
  const commonJs = native.commonJs(file)
  if (commonJs) {
    compile(module, commonJs.code, file)
    return
  }
  delete internals._cache[file]
  const exports = native.require(file, module.parent?.filename)
  module.exports = file.endsWith('.json') ? (exports as { default: unknown }).default : exports
}

function compile(module: NodeJS.Module, code: string, file: string): void {
  ;(module as unknown as { _compile(code: string, file: string): void })._compile(code.replace(/^#!/, '//'), file)
}

/** Finds the file that is meant by a request for which Node throws `error`. */
function find(provider: Provider, request: string, parent: string | undefined, error: unknown): string | undefined {
  if (parent === undefined) return undefined
  const found = findAppSource(request, parent)
  if (found !== undefined || !isAppFile(parent)) return found
  const { native } = provider.openNow()
  native.missed(missedFiles(request, parent, error))
  return isBare(request) || !existsSync(parent) ? native.resolve(request, parent) : undefined
}

function isNotFound(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_IMPORT_NOT_DEFINED'
}
