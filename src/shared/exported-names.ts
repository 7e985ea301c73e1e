/** The names that modules export, `export *` included, as their code tells without running. */
import type { ExportNames } from './transformed-code.ts'
import type { ModuleId } from './types.ts'

/** A module, as far as its exports go. */
export interface ExportingModule {
  /** The names that its own code exports, and its `export *`s. */
  readonly exports: ExportNames
  /** The app module that a specifier in the code means; `undefined` for an external. */
  target(specifier: string): ModuleId | undefined
}

/** All exports of a module. */
export interface AllExports {
  /** Each name with the module whose own code exports it. */
  names: Map<string, ModuleId>
  /** `true` if only running the module tells all names. */
  open: boolean
}

/**
 * The exports of `id`. Of two `export *` with one name the first counts. `seen` gets every module that was looked at; the exports of
 * those that are in it at first are left out.
 */
export function allExportsOf(
  id: ModuleId,
  moduleOf: (id: ModuleId) => ExportingModule | undefined,
  seen: Set<ModuleId> = new Set(),
): AllExports {
  seen.add(id)
  const module = moduleOf(id)
  if (!module) return { names: new Map(), open: true }
  const names = new Map(Array.from(module.exports.names, (name) => [name, id]))
  let { open } = module.exports
  for (const specifier of module.exports.stars) {
    const target = module.target(specifier)
    if (target !== undefined && seen.has(target)) continue
    const behind = target === undefined ? undefined : allExportsOf(target, moduleOf, seen)
    open ||= behind?.open ?? true
    for (const [name, owner] of behind?.names ?? []) if (name !== 'default' && !names.has(name)) names.set(name, owner)
  }
  return { names, open }
}
