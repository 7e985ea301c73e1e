/**
 * Helps Vite's compiler with ES modules that it cannot compile: `.cts` files with imports, `using` for a Node that does not know it,
 * `for await` in a file without imports and exports, and namespaces in several blocks, which go to the project's own compiler.
 */
import { Script } from 'node:vm'
import type { CommonJsTools } from './commonjs-files.ts'
import { findCompiler, type Lowered } from './decorators.ts'

const USING = /(?:^|[;{}])\s*(?:await\s+)?using\s+[\w$]+\s*(?::[^=]*)?=/m
/** The newest target without `using`. */
const WITHOUT_USING = 'es2024'
const NAMESPACE = /^[\t ]*(?:export\s+)?(?:namespace|module)\s+([\w$.]+)\s*\{/gm
const CODE = /\.(?:[cm]?[jt]s|[jt]sx)$/

/** For a `transform` hook that runs before Vite's: code that Vite can compile; `undefined` for code that needs no help. */
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
  // Vite parses a file without imports and exports as a script, in which `for await` is a syntax error
  return /\bfor\s+await\b/.test(code) ? `${code}\nexport {}` : undefined
}

/** `true` if a namespace has several blocks: Vite's compiler does not find the exports of an earlier block (`z is not defined`). */
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
