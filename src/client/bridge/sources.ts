/** Finds TypeScript files by the names that people give them in imports. */
import { existsSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'

/** The file that a relative or absolute `request` means in `parent`: `./x` and `./x.js` may be `x.ts`. */
export function findSource(request: string, parent: string): string | undefined {
  if (isBare(request)) return undefined
  const path = resolve(dirname(parent), request)
  const candidates = /\.[cm]?jsx?$/.test(path)
    ? [path.replace(/js(x?)$/, 'ts$1'), path.replace(/\.js$/, '.tsx')]
    : ['.ts', '.tsx', '.mts', '.cts', '/index.ts'].map((ending) => path + ending)
  return candidates.find((candidate) => existsSync(candidate))
}

/** Whether a request names a package, or something that a plugin or tsconfig.json gives a meaning to. */
export function isBare(request: string): boolean {
  return !request.startsWith('.') && !isAbsolute(request)
}
