/**
 * `require.main`: under node (and every loader that compiles to CommonJS) it is the entry's module, and apps start themselves
 * behind `if (require.main === module)`. Where node would take the entry for an ES module there is none.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire, Module } from 'node:module'
import { dirname, extname, join } from 'node:path'

/** Makes the module of `entry`, an absolute path, `require.main` of all code to come. */
export function installMainModule(entry: string): void {
  if (!isCommonJs(entry)) return
  const module = new Module(entry)
  module.id = '.'
  module.filename = entry
  module.paths = createRequire(entry).resolve.paths('x') ?? []
  // what `createRequire` and Node's own loader give as `require.main`
  process.mainModule = module
}

/** The `module` variable of the module at `file`: `own`, unless it is the main one, which then has the exports of `own`. */
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

function isCommonJs(file: string): boolean {
  const kind = /^\.([cm])[jt]s$/.exec(extname(file))?.[1]
  if (kind !== undefined) return kind === 'c'
  return packageType(dirname(file)) !== 'module'
}

function packageType(folder: string): string | undefined {
  const file = join(folder, 'package.json')
  if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { type?: string }).type
  const parent = dirname(folder)
  return parent === folder ? undefined : packageType(parent)
}
