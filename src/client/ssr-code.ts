/** Reads imports and exports off code that Vite has transformed for the server: the plain runner keeps no other record of them. */
import type { ImportedNames } from './runtime.ts'

/** What transformed code says about its edges. */
export interface SsrCode {
  /** Static imports: specifier -> what is taken from it. */
  readonly imports: ReadonlyMap<string, ImportedNames>
  /** Static imports: specifier -> names whose absence is an error. */
  readonly required: ReadonlyMap<string, readonly string[]>
  /** Literal specifiers of `import()`. */
  readonly dynamic: ReadonlySet<string>
  /** Names it exports itself, and the specifiers of `export *`; `undefined` for code that fills `module.exports`. */
  readonly exports: { names: ReadonlySet<string>; stars: readonly string[] } | undefined
}

const STRING = String.raw`"(?:[^"\\\n]|\\.)*"`
const IMPORT = new RegExp(
  String.raw`const (__vite_ssr_import_\d+__) = await __vite_ssr_import__\((${STRING})(?:, (\{"importedNames":\[[^\n]*?\]\}))?\);`,
  'g',
)
const REFERENCE = new RegExp(String.raw`(__vite_ssr_import_\d+__)(?:\.([\p{ID_Continue}$]+)|\[(${STRING})\])?`, 'gu')
const DYNAMIC = new RegExp(
  String.raw`__vite_ssr_dynamic_import__\(\s*(?:/\*.*?\*/\s*)*(${STRING}|'(?:[^'\\\n]|\\.)*')`,
  'g',
)
const EXPORT = new RegExp(String.raw`__vite_ssr_exportName__\((${STRING}), .*\n?`, 'g')
const STAR = /__vite_ssr_exportAll__\((__vite_ssr_import_\d+__)\)/g
const COMMONJS = /\bmodule\.exports\b|\bexports\.[\w$]+\s*=|__vite_ssr_exports__/

/** Parses transformed code. */
export function readSsrCode(code: string): SsrCode {
  const statements = [...code.matchAll(IMPORT)].map(([, variable, specifier, metadata]) => ({
    variable: variable!,
    specifier: JSON.parse(specifier!) as string,
    names: metadata === undefined ? [] : (JSON.parse(metadata) as { importedNames: string[] }).importedNames,
  }))
  const body = code.replace(IMPORT, '')
  const used = usage(body)
  const usedOutsideReExports = usage(body.replace(EXPORT, ''))

  const imports = new Map<string, ImportedNames>()
  const required = new Map<string, string[]>()
  for (const { variable, specifier, names } of statements) {
    // the transform lists no names for `import * as ns` and `export *`: there the variable is used for more than its names
    const isWhole = [...(used.get(variable) ?? [])].some((name) => !names.includes(name))
    const before = imports.get(specifier) ?? []
    imports.set(specifier, isWhole || before === '*' ? '*' : [...new Set([...before, ...names])])
    const missed = names.filter((name) => {
      // type-only names survive in re-exports and in the guards of decorator metadata
      const isUsed = usedOutsideReExports.get(variable)?.has(name) || !used.get(variable)?.has(name)
      return isUsed && !body.includes(`typeof ${variable}.${name}`) && !body.includes(`typeof (${variable}.${name})`)
    })
    required.set(specifier, [...(required.get(specifier) ?? []), ...missed])
  }

  const specifierOf = new Map(statements.map(({ variable, specifier }) => [variable, specifier]))
  return {
    imports,
    required,
    dynamic: new Set([...code.matchAll(DYNAMIC)].map(([, literal]) => unquote(literal!))),
    exports: COMMONJS.test(code)
      ? undefined
      : {
          names: new Set([...code.matchAll(EXPORT)].map(([, name]) => JSON.parse(name!) as string)),
          stars: [...code.matchAll(STAR)].flatMap(([, variable]) => specifierOf.get(variable!) ?? []),
        },
  }
}

/** Import variable -> the names taken from it; an empty name where it is used as a whole. */
function usage(code: string): Map<string, Set<string>> {
  const used = new Map<string, Set<string>>()
  for (const [, variable, name, quoted] of code.matchAll(REFERENCE)) {
    const names = used.get(variable!) ?? new Set()
    names.add(name ?? (quoted === undefined ? '' : (JSON.parse(quoted) as string)))
    used.set(variable!, names)
  }
  return used
}

function unquote(literal: string): string {
  return literal.startsWith('"') ? (JSON.parse(literal) as string) : literal.slice(1, -1).replace(/\\(.)/g, '$1')
}
