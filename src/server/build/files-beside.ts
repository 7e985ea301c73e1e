/** Files that code of the server names by `new URL('./file', import.meta.url)`: they lie beside the source, and come along with the build. */
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { basename, dirname, extname, posix, relative, resolve } from 'node:path'
import type { Rolldown } from 'vite'
import { slash, withoutQuery } from '../../shared/util/file-path.ts'
import { decoded } from '../../shared/util/request-paths.ts'

/** With the quote and the path that was given as the groups `quote` and `path`, and `worker` where a thread is to run it. */
const NAMED =
  /(?<worker>\bnew\s+Worker\s*\(\s*)?\bnew\s+URL\s*\(\s*(?<quote>['"`])(?<path>[^'"`$:?#\\/][^'"`$:?#\\]*)\k<quote>\s*,\s*import\.meta\.url\s*,?\s*\)/g

/** Secrets, as Vite's dev server sees them: whoever gets the build is not to have these. */
const SECRET = /^\.env|\.(?:crt|pem|key)$/

/**
 * The source with the names that such files have in the build, each of which lies in `assetsDir`, as the chunks do; `undefined` if it names
 * none. TypeScript, and what a thread runs, is built as the rest; all else is copied.
 */
export function bringFiles(
  build: Rolldown.PluginContext,
  source: string,
  id: string,
  { root, assetsDir }: { root: string; assetsDir: string },
): string | undefined {
  if (!source.includes('import.meta.url')) return undefined
  const folder = dirname(withoutQuery(id))
  const changed = source.replace(NAMED, (all: string, worker: string | undefined, _quote: string, path: string) => {
    const file = resolve(folder, decoded(path) ?? path)
    if (SECRET.test(basename(file)) || statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return all
    const isCode = /(?<!\.d)\.[cm]?tsx?$/.test(file) || (worker !== undefined && /\.[cm]?jsx?$/.test(file))
    const extension = extname(file)
    const hash = createHash('sha256')
      .update(slash(relative(root, file)))
      .digest('hex')
      .slice(0, 8)
    const name = `${basename(file, extension)}-${hash}${isCode ? '.js' : extension}`
    const fileName = posix.join(assetsDir, name)
    if (isCode) build.emitFile({ type: 'chunk', id: file, fileName })
    else {
      build.addWatchFile(file)
      build.emitFile({ type: 'asset', fileName, source: readFileSync(file) })
    }
    return `${worker ?? ''}new URL(${JSON.stringify(`./${encodeURIComponent(name)}`)}, import.meta.url)`
  })
  return changed === source ? undefined : changed
}
