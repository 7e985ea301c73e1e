/**
 * What Vite's compiler leaves out of ES modules: `.cts` files that import, `using` for a Node that does not know it, and `for await`
 * where nothing else tells a module.
 */
import { Script } from 'node:vm'
import type { CommonJsTools } from './commonjs-files.ts'
import type { Lowered } from './decorators.ts'

const USING = /(?:^|[;{}])\s*(?:await\s+)?using\s+[\w$]+\s*(?::[^=]*)?=/m
/** Everything that all supported versions of Node have, and `using` not. */
const WITHOUT_USING = 'es2024'
const CODE = /\.(?:[cm]?[jt]s|[jt]sx)$/

/** For a `transform` hook that comes first: code that Vite understands; `undefined` for code that needs no help. */
export async function fillGaps(
  code: string,
  id: string,
  compile: CommonJsTools['compile'],
): Promise<Lowered | string | undefined> {
  if (!CODE.test(id)) return undefined
  const isLowered = USING.test(code) && !knowsUsing()
  if (isLowered || id.endsWith('.cts')) {
    const { code: compiled, map } = await compile(`${code}\nexport {}`, id, isLowered ? { target: WITHOUT_USING } : {})
    return { code: compiled, map: JSON.stringify(map) }
  }
  // a file without imports and exports is parsed as a script, which cannot wait
  return /\bfor\s+await\b/.test(code) ? `${code}\nexport {}` : undefined
}

function knowsUsing(): boolean {
  try {
    new Script('{ using none = null }')
    return true
  } catch {
    return false
  }
}
