/**
 * Loads externals: packages and builtins, which Node itself loads from the importer's place on this machine.
 */
import { existsSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { hostname } from 'node:os'
import { pathToFileURL } from 'node:url'
import { createDebug } from 'obug'
import { TetherError } from '../../shared/errors.ts'
import type { ImportNative } from '../code/compile.ts'
import { hookBeforeImport } from '../code/node-hooks.ts'

const debug = createDebug('vite-tether:native')

/** `true` if a specifier can only mean a builtin or a URL that Node loads. */
export function isNativeSpecifier(specifier: string): boolean {
  return isBuiltin(specifier) || /^(?:node|data|https?):/.test(specifier)
}

/**
 * Imports an external for `importer` (an absolute path on this machine). Nothing is cached here, because Node caches by resolved
 * location. Throws `ERR_MODULE_NOT_FOUND`, which names package and importer, and the host if it has no sources (a remote worker);
 * errors of the package itself pass through.
 */
export async function importExternal(
  importNative: ImportNative,
  specifier: string,
  importer: string,
): Promise<Record<string, unknown>> {
  debug('%s <- %s', specifier, importer)
  hookBeforeImport(specifier)
  try {
    return await importNative(specifier)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_UNSUPPORTED_ESM_URL_SCHEME') {
      throw new TetherError(
        'ERR_MODULE_NOT_FOUND',
        `Cannot find module '${specifier}' imported from '${importer}': no plugin of Vite resolves it, and Node knows no such URL.`,
        { cause: error },
      )
    }
    if (!isUnresolved(error, importer)) throw error
    const found = resolveAsCommonJs(specifier, importer)
    if (found !== undefined) return importNative(pathToFileURL(found).href)
    if (specifier.startsWith('#')) {
      throw new TetherError(
        'ERR_MODULE_NOT_FOUND',
        `Cannot find module '${specifier}' imported from '${importer}': neither the paths of tsconfig.json nor the imports of ` +
          'package.json lead to a file that exists.',
        { cause: error },
      )
    }
    const advice = missingFile(error) ?? `It must be installed${machine(importer)}${command(specifier)}.`
    throw new TetherError(
      'ERR_MODULE_NOT_FOUND',
      `Cannot find package '${specifier}' imported from '${importer}'. ${advice}`,
      { cause: error },
    )
  }
}

/** Names the machine to install on, if it has no sources: such a worker may run far from the reader of its errors. */
function machine(importer: string): string {
  return existsSync(importer) ? '' : ` on the machine that runs the app, ${hostname()}`
}

/** The command that installs a package, if the specifier names one. */
function command(specifier: string): string {
  const name = /^(?:@[\w.-]+\/)?[\w.-]+(?=\/|$)/.exec(specifier)?.[0]
  return name ? `: npm install ${name}` : ''
}

/** Advice for a package that is installed: Node's message names the missing file to which its package.json leads. */
function missingFile(error: unknown): string | undefined {
  const file = /^Cannot find (?:package|module) '([^']*[\\/]node_modules[\\/][^']*)'/.exec(
    (error as Error).message,
  )?.[1]
  return (
    file &&
    `Its package.json leads to ${file}, which does not exist: check main and exports there, or build the package.`
  )
}

/** Resolves as `require` does, which finds deep imports without extension (`lodash/fp`) and folders, where `import` does not. */
function resolveAsCommonJs(specifier: string, importer: string): string | undefined {
  try {
    return createRequire(importer).resolve(specifier)
  } catch {
    // the caller reports the error of `import`
    return undefined
  }
}

/** `true` if the importer's own specifier was not found; `false` if something is missing inside the package. */
function isUnresolved(error: unknown, importer: string): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'ERR_UNSUPPORTED_DIR_IMPORT') return false
  return error.message.includes(`imported from ${importer}`)
}

/** The format of the module that Node loaded: if `require`'s cache has it with this default export it is CommonJS. */
export function formatOf(namespace: object, specifier: string, importer: string): 'module' | 'commonjs' {
  const require = createRequire(importer)
  const found = isBuiltin(specifier) ? undefined : resolveAsCommonJs(specifier, importer)
  const cached = found === undefined ? undefined : require.cache[found]
  return cached && cached.exports === (namespace as { default?: unknown }).default ? 'commonjs' : 'module'
}
