/** Everything that a plain runner's code says about its edges: vite-node keeps no other record of them. */
import { dynamicImportsOf, exportsOf, type ImportedNames, importsOf } from '../../../shared/transformed-code.ts'

/** The imports and exports of transformed code. */
export interface SsrCode {
  /** Static imports: specifier -> what is taken from it. */
  readonly imports: ReadonlyMap<string, ImportedNames>
  /** Literal specifiers of `import()`. */
  readonly dynamic: ReadonlySet<string>
  /** Names it exports itself, and the specifiers of `export *`; `undefined` for code that fills `module.exports`. */
  readonly exports: { names: ReadonlySet<string>; stars: readonly string[] } | undefined
}

/** Reads transformed code. */
export function readSsrCode(code: string): SsrCode {
  const imports = new Map<string, ImportedNames>()
  for (const { specifier, names } of importsOf(code)) {
    const before = imports.get(specifier) ?? []
    imports.set(specifier, names === '*' || before === '*' ? '*' : [...new Set([...before, ...names])])
  }
  const { names, stars, open } = exportsOf(code)
  return { imports, dynamic: dynamicImportsOf(code), exports: open ? undefined : { names, stars } }
}

/** Only specifiers of application modules are URLs or virtual; the rest is loaded natively. */
export function isApplication(specifier: string): boolean {
  return /^[/.\0]/.test(specifier)
}
