/** Finds an import in a module's source, for errors that occur before the module runs and so have no stack frame of it. */
import { basename } from 'node:path'
import type { Place } from './util/code-frame.ts'
import { textOf } from './util/file-stats.ts'

/** `import ... from 'x'`, `export ... from 'x'`, `import 'x'`, `import('x')`, `require('x')`: groups for names and specifier. */
const IMPORT = /\b(?:import|export|require)\b([^'"`;=]*?)(?:\bfrom\b\s*)?(['"`])([^'"`\n]+)\2/g

/**
 * The place of `name` in the import of `specifier`, or of the specifier itself; `undefined` if the source is not on this machine or
 * has no such import. `specifier` may be written as in the source or as in Vite's transformed code.
 */
export function importPlace(file: string, specifier: string, name?: string): Place | undefined {
  // a remote worker may have no sources, and a virtual module has none
  const source = textOf(file) ?? ''
  // comments become spaces of the same length, so that positions stay
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*/gm, (comment) => comment.replace(/[^\n]/g, ' '))
  const wanted = stem(specifier)
  for (const { 0: text, 1: clause = '', 3: from = '', index } of code.matchAll(IMPORT)) {
    if (from !== specifier && stem(from) !== wanted) continue
    if (name === undefined) return at(file, code, index + text.lastIndexOf(from))
    const offset = clause.search(new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`))
    if (offset >= 0) return at(file, code, index + text.indexOf(clause) + offset)
  }
  // `import x from` names the default export as it likes: the specifier is the place then
  return name === undefined ? undefined : importPlace(file, specifier)
}

/** Gives an error the place of an import as its stack, if the source is on this machine and has the import. */
export function atImport<E extends Error>(error: E, file: string, specifier: string): E {
  const place = importPlace(file, specifier)
  if (place) error.stack = `${error}\n    at ${place.file}:${place.line}:${place.column}`
  return error
}

/** The part of a specifier that Vite's resolving does not change: `./x`, `/src/x.ts` and `/@fs/app/src/x.ts?v=1` are all `x`. */
function stem(specifier: string): string {
  return basename(specifier.replace(/[?#].*$/, '')).replace(/\.[cm]?[jt]sx?$/, '')
}

function at(file: string, code: string, index: number): Place {
  const lines = code.slice(0, index).split('\n')
  return { file, line: lines.length, column: lines.at(-1)!.length + 1 }
}
