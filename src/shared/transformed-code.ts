/**
 * Reads imports and exports off transformed code without running it. Vite hoists them to lines of a fixed shape, so regular
 * expressions find them; no parser is needed.
 */
/** The names that an importer takes from a module: `[]` for side effects only, `'*'` for the whole namespace (also `import()`). */
export type ImportedNames = readonly string[] | '*'

/** One hoisted import, and how the code uses it. */
export interface ImportStatement {
  specifier: string
  /** The variable that holds the namespace in the code. */
  variable: string
  names: ImportedNames
}

/** The exports of a module, as far as its own code tells. */
export interface ExportNames {
  names: ReadonlySet<string>
  /** Specifiers of `export * from`. */
  stars: readonly string[]
  /** `true` if the code also exports by assignment (`module.exports`, JSON): names may be missing here. */
  open: boolean
}

// `yield` instead of `await` after yieldingImports()
const IMPORT =
  /^(;*const (__vite_ssr_import_\d+__) = )(?:await|yield) (__vite_ssr_import__\(("(?:[^"\\]|\\.)*")(?:, (\{.*\}))?\);)$/gm
const EXPORT = /^__vite_ssr_exportName__\(("(?:[^"\\]|\\.)*"), /gm
const EXPORT_ALL = /^;*__vite_ssr_exportAll__\((__vite_ssr_import_\d+__)\);/gm
/** A use of an import variable: as a whole, or of one name. */
const USE = /(__vite_ssr_import_\d+__)(?:\.([\p{ID_Continue}$]+)|\[("(?:[^"\\]|\\.)*")\])?/gu
const DYNAMIC_IMPORT = /__vite_ssr_dynamic_import__\(\s*(?:\/\*.*?\*\/\s*)*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')/g

/** `code` as the body of a generator: it yields its imports instead of awaiting them. All columns stay what they were. */
export function yieldingImports(code: string): string {
  return code.replace(IMPORT, '$1yield $3')
}

/** The static imports of `code`, in order. */
export function importsOf(code: string): ImportStatement[] {
  const used = usesOf(code.replace(IMPORT, ''))
  return Array.from(code.matchAll(IMPORT), ([, , variable, , specifier, metadata]) => {
    const { importedNames = [] } = (metadata ? JSON.parse(metadata) : {}) as { importedNames?: string[] }
    // Vite lists no name for `import * as ns`, `export *` and `import './x'`: how the variable is used tells them apart
    const isWhole = [...(used.get(variable!) ?? [])].some((name) => !importedNames.includes(name))
    return { specifier: JSON.parse(specifier!) as string, variable: variable!, names: isWhole ? '*' : importedNames }
  })
}

/** Import variable -> the names taken from it; an empty name where it is used as a whole. */
function usesOf(code: string): Map<string, Set<string>> {
  const used = new Map<string, Set<string>>()
  for (const [, variable, name, quoted] of code.matchAll(USE)) {
    const names = used.get(variable!) ?? new Set()
    names.add(name ?? (quoted === undefined ? '' : (JSON.parse(quoted) as string)))
    used.set(variable!, names)
  }
  return used
}

/** Literal specifiers of `import()` in `code`. */
export function dynamicImportsOf(code: string): Set<string> {
  const unquote = (literal: string): string =>
    literal.startsWith('"') ? (JSON.parse(literal) as string) : literal.slice(1, -1).replace(/\\(.)/g, '$1')
  return new Set(Array.from(code.matchAll(DYNAMIC_IMPORT), ([, literal]) => unquote(literal!)))
}

/** The exports of `code`. */
export function exportsOf(code: string): ExportNames {
  const names = new Set<string>()
  for (const [, name] of code.matchAll(EXPORT)) names.add(JSON.parse(name!) as string)
  return { names, stars: starsOf(code), open: /\bexports\b|__vite_ssr_exports__/.test(code) }
}

/** The specifiers of `export * from` in `code`. */
function starsOf(code: string): string[] {
  const variables = new Set(Array.from(code.matchAll(EXPORT_ALL), ([, variable]) => variable))
  if (variables.size === 0) return []
  return importsOf(code).flatMap(({ variable, specifier }) => (variables.has(variable) ? specifier : []))
}

/**
 * `true` if a name that a module does not export may have been a type. TypeScript is compiled file by file, so types remain as
 * values in two places. (1) Decorator metadata guards them: `typeof x.T === "undefined" ? Object : x.T`. (2) `export { T } from` without
 * `type`, which only a TypeScript file may contain.
 */
export function isMaybeType(code: string, specifier: string, name: string, file: string): boolean {
  const variables = importsOf(code)
    .filter(({ specifier: from, names }) => from === specifier && (names === '*' || names.includes(name)))
    .map(({ variable }) => variable)
  const isTypeScript = !/\.[cm]?jsx?$/.test(file)
  const access = `${variables.join('|')}`
  if (variables.length === 0 || !/^[\w$]+$/.test(name)) return false
  const use = `(?:${access})\\.${quote(name)}(?![\\w$])`
  const guards = new RegExp(
    `typeof ${use}(?:\\.[\\w$]+)*(?= [!=]== "undefined")|(?<=Object : |"undefined" && )${use}`,
    'g',
  )
  const reexports = new RegExp(`^__vite_ssr_exportName__\\(.*\\{ return ${use} \\} catch \\{\\} \\}\\);$`, 'gm')
  const uses = code.match(new RegExp(use, 'g'))?.length ?? 0
  const excused = (code.match(guards)?.length ?? 0) + (isTypeScript ? (code.match(reexports)?.length ?? 0) : 0)
  return uses > 0 && uses === excused
}

/** `true` if the code has `import()` of exactly this literal specifier. */
export function hasLiteralImport(code: string, specifier: string): boolean {
  const call = '__vite_ssr_dynamic_import__('
  return ['"', "'", '`'].some((quote) => code.includes(`${call}${quote}${specifier}${quote}`))
}

function quote(name: string): string {
  return name.replaceAll('$', '\\$')
}
