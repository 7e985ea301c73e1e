/**
 * Sets `require.main`. Under node (and every loader that compiles to CommonJS) it is the entry's module, and apps start themselves
 * behind `if (require.main === module)`. For an entry that node takes for an ES module there is none.
 */
import { declaredFormat } from '../../shared/util/module-format.ts'
import { createModule } from './commonjs-file.ts'

/** Makes the module of `entry`, an absolute path, the `require.main` of all code that loads from now on. */
export function installMainModule(entry: string): void {
  if (declaredFormat(entry) === 'module') return
  const module = createModule(entry, null)
  module.id = '.'
  // `createRequire` and Node's own loader give this as `require.main`
  process.mainModule = module
}

/** The `module` variable for the module at `file`: `own`; for the main module it is `require.main`, with the exports of `own`. */
export function moduleVariable<T extends { exports: unknown }>(file: string, own: T): T | NodeJS.Module {
  const { mainModule } = process
  if (mainModule?.filename !== file) return own
  return Object.defineProperty(mainModule, 'exports', {
    configurable: true,
    enumerable: true,
    get: () => own.exports,
    set: (value) => {
      own.exports = value
    },
  })
}
