/**
 * Makes `import.meta`.
 */
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Options of `createImportMeta`. */
export interface ImportMetaOptions {
  /** Absolute path on this machine, without query. */
  file: string
  env: Record<string, unknown>
  isMain: boolean
  /** Makes `import.meta.hot` when it is first read; absent if there is no HMR. */
  createHot?: (() => unknown) | undefined
  /** See `Instance.isAbandoned`. */
  isAbandoned?: () => boolean
}

type Resolve = (specifier: string, parent: string) => string
let resolveNatively: Resolve | undefined

/**
 * Loads the library for `import.meta.resolve`. That function answers synchronously, so the library must be there before a module
 * that mentions it runs. `undefined` if it is there already.
 */
export function loadMetaResolve(): Promise<void> | undefined {
  if (resolveNatively) return undefined
  return import('import-meta-resolve').then(({ resolve }) => {
    resolveNatively = resolve
  })
}

/**
 * The URL to which `import` of a specifier resolves in the module `parent`, a file URL. Throws what Node throws. Must not be called
 * before {@link loadMetaResolve}.
 */
export function resolveLikeImport(specifier: string, parent: string): string {
  return resolveNatively!(specifier, parent)
}

/** Makes the `import.meta` of one instance. */
export function createImportMeta({
  file,
  env,
  isMain,
  createHot,
  isAbandoned,
}: ImportMetaOptions): Record<string, unknown> {
  const url = pathToFileURL(file).href
  const meta: Record<string, unknown> = {
    url,
    filename: file,
    dirname: dirname(file),
    env,
    main: isMain,
    resolve: (specifier: string, parent: string | URL = url) => resolveNatively!(String(specifier), String(parent)),
  }
  if (createHot) {
    let hot: unknown
    let isSet = false
    Object.defineProperty(meta, 'hot', {
      enumerable: true,
      configurable: true,
      get: () => {
        // its update was put off while it ran, then it reads `hot`: its registrations would go to the instance that is back
        if (isAbandoned?.()) return undefined
        if (!isSet) {
          hot = createHot()
          isSet = true
        }
        return hot
      },
      set: (value) => {
        hot = value
        isSet = true
      },
    })
  }
  return meta
}
