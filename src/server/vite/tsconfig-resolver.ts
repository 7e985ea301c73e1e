/** Reads the tsconfig.json a file belongs to as Vite's compiler does. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Function of Vite's compiler; `null` for a file that no tsconfig.json is about. */
export type ResolveTsconfig = (file: string) => { tsconfig: { compilerOptions?: CompilerOptions } } | null

/** Options that say what an import means. `paths` and `baseUrl` are absolute. */
interface CompilerOptions {
  paths?: Record<string, string[]>
  baseUrl?: string
  jsxImportSource?: string
}

/** Loads it from `vite`, a path: the compiler is a package of Vite's, not of ours. `undefined`: that version of Vite has no such function. */
export async function loadTsconfigResolver(vite: string): Promise<ResolveTsconfig | undefined> {
  try {
    const compiler = pathToFileURL(createRequire(join(vite, 'package.json')).resolve('rolldown/experimental')).href
    return ((await import(compiler)) as { resolveTsconfig?: ResolveTsconfig }).resolveTsconfig
  } catch {
    return undefined
  }
}
