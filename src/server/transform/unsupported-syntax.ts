/**
 * What Vite's compiler leaves out of ES modules: `.cts` files that import, `using` for a Node that does not know it, `for await`
 * where nothing else tells a module, and namespaces in several blocks, which are compiled by what the project has.
 */
import { Script } from 'node:vm'
import type { CommonJsTools } from './commonjs-files.ts'
import { findCompiler, type Lowered } from './decorators.ts'

const USING = /(?:^|[;{}])\s*(?:await\s+)?using\s+[\w$]+\s*(?::[^=]*)?=/m
/** Everything that all supported versions of Node have, and `using` not. */
const WITHOUT_USING = 'es2024'
const NAMESPACE = /^[\t ]*(?:export\s+)?(?:namespace|module)\s+([\w$.]+)\s*\{/gm
const CODE = /\.(?:[cm]?[jt]s|[jt]sx)$/

/** For a `transform` hook that comes first: code that Vite understands; `undefined` for code that needs no help. */
export async function fillGaps(
  code: string,
  id: string,
  root: string,
  compile: CommonJsTools['compile'],
): Promise<Lowered | string | undefined> {
  if (!CODE.test(id)) return undefined
  const compiler = hasMergedNamespaces(code, id) ? findCompiler(root) : undefined
  if (compiler) return compiler(code, id)
  const isLowered = USING.test(code) && !knowsUsing()
  if (isLowered || id.endsWith('.cts')) {
    const { code: compiled, map } = await compile(`${code}\nexport {}`, id, isLowered ? { target: WITHOUT_USING } : {})
    return { code: compiled, map: JSON.stringify(map) }
  }
  // a file without imports and exports is parsed as a script, which cannot wait
  return /\bfor\s+await\b/.test(code) ? `${code}\nexport {}` : undefined
}

/** Vite's compiler does not find what an earlier block of the same namespace exports. */
function hasMergedNamespaces(code: string, id: string): boolean {
  if (!/\.[cm]?tsx?$/.test(id)) return false
  const names = Array.from(code.matchAll(NAMESPACE), ([, name]) => name)
  return new Set(names).size < names.length
}

function knowsUsing(): boolean {
  try {
    new Script('{ using none = null }')
    return true
  } catch {
    return false
  }
}
