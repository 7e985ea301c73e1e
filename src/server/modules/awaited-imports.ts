/**
 * Finds the `import()`s without which a module cannot be evaluated: awaited where its evaluation comes by for sure. A process whose
 * new code has `await import('./misspelt.js')` at its top level dies of it, as of a static import.
 */
import type { parseSync } from 'vite'

interface Node {
  type: string
  [part: string]: unknown
}

/** An `import()` that a module awaits. */
export interface AwaitedImport {
  specifier: string
  /** The module has called something, or waited for it, before: that may have made the file which is imported. */
  isPrepared: boolean
}

const IMPORT = '__vite_ssr_dynamic_import__'

/** What is in these is evaluated later, never, several times, or its failure is caught. */
const UNSURE = new Set([
  ...['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression', 'ClassBody', 'AssignmentPattern'],
  ...['IfStatement', 'ConditionalExpression', 'SwitchStatement', 'TryStatement', 'LabeledStatement', 'ChainExpression'],
  ...['ForStatement', 'ForInStatement', 'ForOfStatement', 'WhileStatement', 'DoWhileStatement'],
])

const CALLS = new Set(['CallExpression', 'NewExpression', 'TaggedTemplateExpression', 'AwaitExpression'])

/** Such `import()`s in transformed code, in the order of their evaluation. */
export function awaitedImports(code: string, parse: typeof parseSync): AwaitedImport[] {
  if (!/\bawait\b/.test(code.slice(0, Math.max(0, code.lastIndexOf(IMPORT))))) return []
  const found: AwaitedImport[] = []
  let isPrepared = false
  const visit = (node: Node): void => {
    // called or not: what is behind it comes later
    if (UNSURE.has(node.type)) isPrepared ||= !/Function|ClassBody/.test(node.type)
    else {
      if (node.type === 'AwaitExpression') {
        for (const specifier of importsIn(node.argument as Node)) found.push({ specifier, isPrepared })
      }
      // a ?? await import('./b.js')
      const parts = 'operator' in node && isLogical(node.operator) ? [node.left] : Object.values(node)
      for (const part of parts.flat()) if (isNode(part)) visit(part)
      isPrepared ||= CALLS.has(node.type) && !isVites(node)
    }
  }
  try {
    // without its type it may be taken for a script, in which `await (x)` calls a function
    visit(parse('module.js', code, { sourceType: 'module' }).program as unknown as Node)
  } catch {
    // generated code that is too deep for the stack: what cannot be told is not refused
  }
  return found
}

/** The specifiers of the `import()`s whose failure is that of the promise `node`. */
function importsIn(node: Node): string[] {
  if (node.type === 'ParenthesizedExpression') return importsIn(node.expression as Node)
  if (node.type !== 'CallExpression') return []
  const { object, property, name } = node.callee as { object?: Node; property?: Node; name?: unknown }
  const args = node.arguments as Node[]
  if (name === IMPORT) return specifierOf(args[0])
  if (!object || args.length > 1) return []
  if (property?.name === 'then' || property?.name === 'finally') return importsIn(object)
  const isAll = object.name === 'Promise' && property?.name === 'all' && args[0]?.type === 'ArrayExpression'
  return isAll ? (args[0]!.elements as unknown[]).filter(isNode).flatMap(importsIn) : []
}

function specifierOf(node: Node | undefined): string[] {
  if (node?.type === 'Literal' && typeof node.value === 'string') return [node.value]
  const quasis = node?.type === 'TemplateLiteral' ? (node.quasis as { value: { cooked: string } }[]) : []
  return quasis.length === 1 ? [quasis[0]!.value.cooked] : []
}

/** `true` for a call by which Vite writes an import or export, and for the `await` of one. */
function isVites(node: Node): boolean {
  const { callee } = (node.type === 'AwaitExpression' ? node.argument : node) as { callee?: { name?: unknown } }
  return typeof callee?.name === 'string' && callee.name.startsWith('__vite_ssr_')
}

const isLogical = (operator: unknown) => ['&&', '||', '??', '&&=', '||=', '??='].includes(operator as string)

function isNode(part: unknown): part is Node {
  return typeof part === 'object' && part !== null && 'type' in part
}
