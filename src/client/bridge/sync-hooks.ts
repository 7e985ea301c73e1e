/**
 * Node's synchronous module hooks, where it has them (from 22.15 on): `import()` of an app file by code that Node has loaded.
 * In those versions the hooks of `register` block this thread until theirs has answered, and theirs would ask this one: a
 * deadlock. A synchronous hook cannot wait for the module's evaluation. So it answers with a generated module that awaits the
 * evaluation itself; only the names of the exports must be known beforehand.
 */
import nodeModule from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createDebug } from 'obug'
import type { ModuleNamespace } from '../module-types.ts'
import { findAppSource, formatOfFile, isAppFile, isCodeFile, isNotFound, missedFiles } from './app-files.ts'
import { passOn } from './generated-module.ts'
import type { Provider } from './provider.ts'

const debug = createDebug('vite-tether:native')

/** As much of the hooks as is used; the oldest Node that we are compiled for does not have them. */
interface SyncHooks {
  resolve(
    specifier: string,
    context: { parentURL?: string; conditions?: readonly string[] },
    next: (specifier: string, context: object) => object,
  ): object
  load(
    url: string,
    context: { conditions?: readonly string[] },
    next: (url: string, context: object) => object,
  ): { format?: string; source?: string | null; shortCircuit?: boolean }
}

const { registerHooks } = nodeModule as typeof nodeModule & { registerHooks?(hooks: SyncHooks): void }

/** `true` if this version of Node has synchronous module hooks. */
export const hasSyncHooks = registerHooks !== undefined

let provider: Provider | undefined

/** The live exports of an app module: what a generated module waits for. Rejects with what the module throws. */
export function evaluate(url: string): Promise<ModuleNamespace> {
  const evaluation = provider!.open().then((runner) => runner.import(url))
  // An async function would put the generated module, which has the URL of the app's file, into the async stack of its errors:
  // V8 follows awaited promises, but not callbacks.
  return new Promise((resolve, reject) => {
    evaluation.then(
      (exports) => resolve(exports),
      (error) => reject(error),
    )
  })
}

/** Installs the hooks for this thread. `self` is the URL of a module that exports {@link evaluate}. */
export function hookImportSync(by: Provider, self: string): void {
  provider = by
  registerHooks!({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context)
      } catch (error) {
        const found =
          isRequire(context) || !isNotFound(error) ? undefined : find(by, specifier, context.parentURL, error)
        if (found === undefined) throw error
        return { url: pathToFileURL(found).href, shortCircuit: true }
      }
    },
    load(url, context, next) {
      const file = url.startsWith('file:') ? fileURLToPath(url) : ''
      if (isRequire(context) || !isAppFile(file) || !isCodeFile(file)) return next(url, context)
      debug('import %s', url)
      const names = namesOf(by, file, url)
      // without source Node asks `require`, whose hooks know the file
      if (names === undefined) return { format: 'commonjs', source: null, shortCircuit: true }
      const head = `import { evaluate } from ${JSON.stringify(self)}\nconst $ = await evaluate(${JSON.stringify(url)})\n`
      return { format: 'module', source: head + names.map(passOn).join(''), shortCircuit: true }
    },
  })
}

/** `true` for a `require()`, which `require-hooks` answers. */
function isRequire({ conditions }: { conditions?: readonly string[] }): boolean {
  return conditions?.includes('require') ?? false
}

/** The exports of an ES module; `undefined` for CommonJS. Throws what the server says of it. */
function namesOf(by: Provider, file: string, url: string): string[] | undefined {
  const format = formatOfFile(file)
  if (format === 'commonjs') return undefined
  const { native } = by.openNow()
  if (format === 'typescript' && native.commonJs(file)) return undefined
  return native.names(url)
}

/** Finds the file that is meant by a specifier for which Node throws `reason`. */
function find(by: Provider, specifier: string, parentURL: string | undefined, reason: unknown): string | undefined {
  const parent = parentURL?.startsWith('file:') ? fileURLToPath(parentURL) : undefined
  if (parent === undefined) return undefined
  try {
    const path = specifier.startsWith('file:') ? fileURLToPath(specifier) : specifier
    const found = findAppSource(path, parent)
    if (found !== undefined || !isAppFile(parent)) return found
    const { native } = by.openNow()
    native.missed(missedFiles(specifier, parent, reason))
    return native.resolve(specifier, parent)
  } catch (error) {
    // without a file the hook throws Node's own "not found", which names the importer
    debug('resolve %s: %o', specifier, error)
    return undefined
  }
}
