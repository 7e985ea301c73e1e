/**
 * Spares requests to the app what Vite does before it lets go of them: it takes each path without an extension for a module, resolves and
 * loads it, and looks for a file again. That takes longer than everything else that happens to a request.
 */
import { readdirSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Connect, ResolvedConfig } from 'vite'
import { statOf } from '../../shared/util/file-stats.ts'

type Layer = Connect.Server['stack'][number]

/** Vite's own handlers that look for files, in their order. The first one is where the search begins. */
const SEARCH = [
  'viteTransformMiddleware',
  'viteServeRawFsMiddleware',
  'viteServeStaticMiddleware',
  'viteHtmlFallbackMiddleware',
]

/** Queries by which modules are asked for. */
const OF_MODULES = /[?&](?:import|raw|url|inline|direct|html-proxy|worker|sharedworker)\b/
/** Of paths that can only be found by their folders: no extension, nothing encoded, none of Vite's prefixes. */
const PLAIN_PATH = /^(?:\/[a-z0-9_~-]+)+$/i

/** Milliseconds within which two changes of a folder may have the same time. */
const COARSE = 2000
/** The names in each folder, and since when: reading it for each request would take longer than all else that is done here. */
const known = new Map<string, { mtimeMs: number; names: string[] }>()

/**
 * Puts `handle` where Vite's search for a file begins. Not done if the handlers are not as expected, or if a plugin has put one of its own
 * behind them, which would not be asked any more.
 */
export function putBeforeSearch({ stack }: Connect.Server, handle: Layer['handle']): void {
  const begin = stack.findIndex(({ handle }) => nameOf(handle) === SEARCH[0])
  if (begin < 0 || !stack.slice(begin).every(({ handle }) => SEARCH.includes(nameOf(handle)))) return
  stack.splice(begin, 0, { route: '', handle })
}

/** `true` if Vite may find something for this request; `url` is the one that Vite's handlers see. */
export function mayFind(
  { root, resolve }: Pick<ResolvedConfig, 'root' | 'resolve'>,
  request: IncomingMessage,
): boolean {
  const { method, headers, url = '/' } = request
  // Vite looks for no file then
  if (method !== 'GET' && method !== 'HEAD') return false
  // browsers say what they ask for: `empty` is a script's own request, no import
  if ((headers['sec-fetch-dest'] ?? 'empty') !== 'empty' || headers.accept?.includes('text/html')) return true
  const path = url.replace(/\?.*$/s, '')
  if (!PLAIN_PATH.test(path) || OF_MODULES.test(url)) return true
  const isAlias = resolve.alias.some(({ find }) =>
    typeof find === 'string' ? `${path}/`.startsWith(find.endsWith('/') ? find : `${find}/`) : find.test(path),
  )
  return isAlias || isNamed(root, path.slice(1).split('/'))
}

/** `true` if there is a file or a folder at this path, or one with an extension, in whatever case. */
function isNamed(folder: string, [name = '', ...rest]: readonly string[]): boolean {
  const wanted = name.toLowerCase()
  const found = namesIn(folder).filter((each) => {
    const lower = each.toLowerCase()
    return lower === wanted || lower.startsWith(`${wanted}.`)
  })
  return rest.length === 0 ? found.length > 0 : found.some((each) => isNamed(join(folder, each), rest))
}

function namesIn(folder: string): string[] {
  const { mtimeMs } = statOf(folder) ?? {}
  if (mtimeMs === undefined) return []
  const last = known.get(folder)
  if (last?.mtimeMs === mtimeMs) return last.names
  try {
    const names = readdirSync(folder)
    // a folder is read, then a file is made in it, then its time is still the same: clocks of file systems tick slowly
    if (Date.now() - mtimeMs > COARSE) known.set(folder, { mtimeMs, names })
    return names
  } catch {
    // no folder, or one that cannot be read: Vite finds nothing in it either
    return []
  }
}

function nameOf(handle: Layer['handle']): string {
  return typeof handle === 'function' ? handle.name : ''
}
