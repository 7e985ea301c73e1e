/** Adds to a module of the app, before Vite transforms it, what Vite leaves out: the same in dev and in a build. */
import type { Vite } from '../vite/project-vite.ts'
import { lowerDecorators } from './decorators.ts'
import { rewriteModuleHot } from './module-hot.ts'
import { fillGaps } from './unsupported-syntax.ts'

/** The source with decorators lowered, gaps of the compiler filled and `module.hot` rewritten; `undefined` if it needs nothing of that. */
export async function mendSource(
  source: string,
  id: string,
  root: string,
  { transformWithOxc: compile, parseSync: parse, Visitor }: Vite,
): Promise<{ code: string; map: string | null } | undefined> {
  const filled = (await lowerDecorators(source, id, root, compile)) ?? (await fillGaps(source, id, root, compile))
  const given = typeof filled === 'string' ? { code: filled, map: null } : filled
  const rewritten = rewriteModuleHot(given?.code ?? source, id, { parse, Visitor })
  return rewritten === undefined ? given : { map: null, ...given, code: rewritten }
}
