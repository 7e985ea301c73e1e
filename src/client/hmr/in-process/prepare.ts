/** Current code of a plain runner's modules, looked at before anything is evaluated. */
import vm from 'node:vm'
import { isMaybeType } from '../../../shared/transformed-code.ts'
import type { ModuleId } from '../../../shared/types.ts'
import { isFilePath, mayMean } from '../../../shared/util/file-path.ts'
import { statOf } from '../../../shared/util/file-stats.ts'
import { lostModule } from '../../../shared/util/lost-module.ts'
import { didYouMean } from '../../../shared/util/nearest.ts'
import { isApplication, readSsrCode, type SsrCode } from './edges.ts'
import type { Entry } from './module-requests.ts'

/** Access to the code and the graph of a plain runner. */
export interface CodeAccess {
  live(id: ModuleId): Entry | undefined
  /** The modules that earlier instances have imported by computed `import()`s. */
  computed(id: ModuleId): ReadonlySet<ModuleId>
  toId(specifier: string, owner?: ModuleId): ModuleId
  toUrl(id: ModuleId): string
  fetch(id: ModuleId): Promise<{ code?: string; externalize?: string }>
}

/** Fetches and compiles what evaluating `roots` will evaluate, and checks the names it imports. Throws the first error. */
export async function prepareModules(
  access: CodeAccess,
  roots: readonly ModuleId[],
  replaced: ReadonlySet<ModuleId>,
): Promise<void> {
  const { live, computed, toId, toUrl, fetch } = access
  const current = new Map<ModuleId, (SsrCode & { code: string }) | undefined>()

  async function visit(id: ModuleId): Promise<void> {
    if (current.has(id)) return
    current.set(id, undefined)
    const { code } = await fetch(id)
    if (code === undefined) return
    compile(code, id)
    const parsed = { code, ...readSsrCode(code) }
    current.set(id, parsed)
    const targets = (specifiers: Iterable<string>) =>
      [...specifiers].filter(isApplication).map((specifier) => toId(specifier, id))
    // import('./routes') has loaded routes.ts, then that is deleted, and Vite leaves the specifier as it is written; or it is renamed
    // to routes/index.ts, and the import means that one now
    const gone = [...(live(id)?.imports ?? [])].filter((dep) => live(dep) && isMissing(dep))
    const isNext = (dep: ModuleId) => (isMissing(dep) || !live(dep)) && gone.some((other) => mayMean(dep, other))
    // an import() that has run before is going to run again: what it loads must be there, as for a static import; only the
    // folder that a computed one has read may not have that file any more
    const lazy = [...targets(parsed.dynamic), ...[...computed(id)].filter((dep) => !isMissing(dep))]
    const next = lazy.filter((dep) => replaced.has(dep) || isNext(dep))
    // A file is deleted, then its importer is saved, then 100 ms pass, then its end is told: until then its instance is live, and the
    // server of vite-node has its code. But Vite has left the import of it as it is written.
    const isLost = (specifier: string) => specifier.startsWith('.') && isMissing(toId(specifier, id))
    const lost =
      [...parsed.imports.keys(), ...[...parsed.dynamic].filter((specifier) => next.includes(toId(specifier, id)))].find(
        isLost,
      ) ?? [...parsed.imports.keys(), ...parsed.dynamic].find((specifier) => lostModule(specifier, id, gone))
    if (lost !== undefined)
      throw new Error(`Cannot find module '${lost}', which ${toUrl(id)} imports. Does the file exist?`)
    const needed = targets(parsed.imports.keys()).filter((dep) => replaced.has(dep) || !live(dep))
    await Promise.all([...needed, ...next].map(visit))
  }

  function exportsOf(id: ModuleId, seen = new Set<ModuleId>()): ReadonlySet<string> | undefined {
    if (seen.has(id)) return new Set()
    seen.add(id)
    const parsed = current.get(id)
    if (!parsed) return current.has(id) ? undefined : new Set(Object.keys(live(id)?.exports ?? {}))
    if (!parsed.exports) return undefined
    const names = new Set(parsed.exports.names)
    for (const star of parsed.exports.stars) {
      const more = isApplication(star) ? exportsOf(toId(star, id), seen) : undefined
      if (!more) return undefined
      for (const name of more) if (name !== 'default') names.add(name)
    }
    return names
  }

  await Promise.all(roots.map(visit))
  for (const [id, parsed] of current) {
    for (const [specifier, names] of parsed?.imports ?? []) {
      if (names === '*' || !isApplication(specifier)) continue
      const exports = exportsOf(toId(specifier, id))
      const lacks = (name: string) => !exports!.has(name) && !isMaybeType(parsed!.code, specifier, name, id)
      const missing = exports && names.find(lacks)
      if (missing !== undefined) {
        throw new SyntaxError(
          `The requested module '${specifier}' does not provide an export named '${missing}', which ${toUrl(id)} imports.${didYouMean(missing, exports ?? [])}`,
        )
      }
    }
  }
}

/** Those of `ids`, and of all they import, whose current code is not what their instance was made from. */
export async function changedBelow(access: CodeAccess, ids: readonly ModuleId[]): Promise<ModuleId[]> {
  const { live, fetch } = access
  const below = new Set(ids)
  for (const id of below) for (const dep of live(id)?.imports ?? []) if (live(dep)) below.add(dep)
  const isChanged = await Promise.all(
    // one that cannot be transformed has changed; prepare() will say how
    [...below].map(async (id) => (await fetch(id).catch(() => undefined))?.code !== live(id)?.code),
  )
  return [...below].filter((_, index) => isChanged[index])
}

function isMissing(id: ModuleId): boolean {
  return isFilePath(id) && !statOf(id.replace(/[?#].*$/, ''))?.isFile()
}

function compile(code: string, filename: string): void {
  new vm.Script(`'use strict';async () => {{${code.replace(/^#!/, '//')}\n}}`, { filename })
}
