/** Finds what a source names as imports, without parsing it. More than there are is no fault. */
import type { ResolveTsconfig } from '../vite/tsconfig-resolver.ts'

const WRITTEN = /\b(?:from|import|require|resolve)\s*\(?\s*['"`]([^'"`\n]+)['"`]/g

/** All literals in `code` that may be specifiers. */
export function writtenImports(code: string): string[] {
  return Array.from(code.matchAll(WRITTEN), ([, specifier]) => specifier!)
}

/** Modules that the compiler imports for the JSX of a file. */
export function jsxRuntimes(code: string, settings: ReturnType<ResolveTsconfig> | undefined): string[] {
  const [, pragma] = /@jsxImportSource\s+([^\s*]+)/.exec(code) ?? []
  const source = pragma ?? settings?.tsconfig.compilerOptions?.jsxImportSource ?? 'react'
  return [`${source}/jsx-runtime`, `${source}/jsx-dev-runtime`]
}
