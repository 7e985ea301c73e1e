/** Code that is obtained and compiled ahead of its evaluation. */
import type { ModuleId } from '../../shared/types.ts'
import type { Evaluator } from './evaluator.ts'

/**
 * Obtains and compiles `id` and what it imports statically, and evaluates nothing; before each that is not held yet `goOn` is
 * asked. Throws what keeps a module from being transformed or compiled.
 */
export async function holdGraph(evaluator: Evaluator, id: ModuleId, goOn: () => Promise<boolean>): Promise<void> {
  const needed = new Set([id])
  for (const each of needed) {
    const held = evaluator.store.get(each)
    if (!held?.isCompiled && !(await goOn())) return
    const stored = held ?? (await evaluator.obtain(each))
    if (!stored.isCommonJs) stored.compiled.warm()
    for (const dep of Object.values(stored.record.deps)) needed.add(dep)
  }
}
