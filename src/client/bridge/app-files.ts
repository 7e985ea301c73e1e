/** The app's files (as against those of packages and our own), what they hold, and the names under which people import them. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, isAbsolute, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { distPath } from '../../shared/util/dist-files.ts'
import { declaredFormat, isCommonJsCode } from '../../shared/util/module-format.ts'

const own = distPath('')
/** `type` of package.json by folder. Kept for the life of the process: Node reads it once, too. */
const types = new Map<string, string>()

/** `true` for a file of the app: neither of a package nor of this one. */
export function isAppFile(file: string): boolean {
  return isAbsolute(file) && !file.includes(`${sep}node_modules${sep}`) && !file.startsWith(own)
}

/** `true` for a file with JavaScript or TypeScript. */
export function isCodeFile(file: string): boolean {
  return /\.(?:[cm]?[jt]s|[jt]sx)$/.test(file)
}

/** The format of a file. For TypeScript without a declared format (extension, package) only the server can tell: `typescript`. */
export function formatOfFile(file: string): 'commonjs' | 'module' | 'typescript' {
  const declared = declaredFormat(file, types)
  if (declared === 'module' || /\.[jt]sx$/.test(file)) return 'module'
  if (/\.c?ts$/.test(file)) return 'typescript'
  return isCommonJsCode(readSource(file)) ? 'commonjs' : 'module'
}

/** The text of a file. */
export function readSource(file: string): string {
  return readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
}

/** {@link findSource} where one of the two is the app's: a package's code may name an app file by its path, as frameworks do. */
export function findAppSource(request: string, parent: string): string | undefined {
  const found = findSource(request, parent)
  return found !== undefined && (isAppFile(parent) || isAppFile(found)) ? found : undefined
}

/** The file that a relative or absolute `request` means in `parent`: `./x` and `./x.js` may be `x.ts`. */
function findSource(request: string, parent: string): string | undefined {
  if (isBare(request)) return undefined
  const path = resolve(dirname(parent), request)
  const candidates = /\.[cm]?jsx?$/.test(path)
    ? [path.replace(/js(x?)$/, 'ts$1'), path.replace(/\.js$/, '.tsx')]
    : ['.ts', '.tsx', '.mts', '.cts', '/index.ts'].map((ending) => path + ending)
  return candidates.find((candidate) => existsSync(candidate))
}

/** `true` if a request names a package, or something that a plugin or tsconfig.json gives a meaning to. */
export function isBare(request: string): boolean {
  return !request.startsWith('.') && !isAbsolute(request)
}

/**
 * The files of the app that Node has looked for in vain, by its error: what `request` says in `parent`, and the path to which a
 * package.json leads (`exports` and `imports` of the app's own, `main` of a folder), which only Node's error names.
 */
export function missedFiles(request: string, parent: string, error: unknown): string[] {
  const { message = '', url } = error as { message?: string; url?: string }
  const path = request.startsWith('file:') ? fileURLToPath(request) : request
  const said = isBare(path) ? undefined : resolve(dirname(parent), path)
  const named = url?.startsWith('file:')
    ? fileURLToPath(url)
    : /^Cannot find module '(.+?)'(?=\.|\n| imported |$)/.exec(message)?.[1]
  return [...new Set([said, named])].filter((file) => file !== undefined && isAppFile(file)) as string[]
}

/** `true` if Node has found nothing for an `import`. */
export function isNotFound(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_UNSUPPORTED_DIR_IMPORT'
}
