/** Where a module's source has an import, for errors that are found before its code runs and so have no frame of it. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Place } from '../../shared/util/code-frame.ts'

/** `import ... from 'x'`, `export ... from 'x'`, `import 'x'`, `import('x')`, `require('x')`: what is taken, and of what. */
const IMPORT = /\b(?:import|export|require)\b([^'"`;=]*?)(?:\bfrom\b\s*)?(['"`])([^'"`\n]+)\2/g

/**
 * The place of `name` in its import of `specifier` (which may be what Vite has made of it), or of that specifier; `undefined`
 * where the source is not on this machine, or has no such import.
 */
export function importPlace(file: string, specifier: string, name?: string): Place | undefined {
  const source = read(file)
  // a comment is as long as before, so that positions stay
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*/gm, (comment) => comment.replace(/[^\n]/g, ' '))
  const wanted = stem(specifier)
  for (const { 0: text, 1: clause = '', 3: from = '', index } of code.matchAll(IMPORT)) {
    if (from !== specifier && stem(from) !== wanted) continue
    if (name === undefined) return at(file, code, index + text.lastIndexOf(from))
    const offset = clause.search(new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`))
    if (offset >= 0) return at(file, code, index + text.indexOf(clause) + offset)
  }
  // a default import has a name of its own
  return name === undefined ? undefined : importPlace(file, specifier)
}

/** The part of a specifier that is left of it when Vite has resolved it: `./x`, `/src/x.ts` and `/@fs/app/src/x.ts?v=1` are all `x`. */
function stem(specifier: string): string {
  return basename(specifier.replace(/[?#].*$/, '')).replace(/\.[cm]?[jt]sx?$/, '')
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // a worker has no sources, a virtual module none at all
    return ''
  }
}

function at(file: string, code: string, index: number): Place {
  const lines = code.slice(0, index).split('\n')
  return { file, line: lines.length, column: lines.at(-1)!.length + 1 }
}
