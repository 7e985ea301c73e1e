/**
 * Finds the `import()`s without which a module cannot be evaluated: awaited where its evaluation comes by for sure. A process whose
 * new code has `await import('./misspelt.js')` at its top level dies of it, as of a static import.
 */
import type { parseSync } from 'vite'

interface Node {
  type: string
  [part: string]: unknown
}

const MENTION = /\bawait\b[\s\S]*\b__vite_ssr_dynamic_import__\b/

/** What is in these is evaluated later, never, several times, or its failure is caught. */
const UNSURE = new Set([
  ...['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression', 'ClassBody', 'AssignmentPattern'],
  ...['IfStatement', 'ConditionalExpression', 'SwitchStatement', 'TryStatement', 'LabeledStatement'],
  ...['ForStatement', 'ForInStatement', 'ForOfStatement', 'WhileStatement', 'DoWhileStatement'],
])

/** The specifiers of such `import()`s in transformed code. */
export function awaitedImports(code: string, parse: typeof parseSync): string[] {
  if (!MENTION.test(code)) return []
  const found: string[] = []
  const visit = (node: Node): void => {
    if (UNSURE.has(node.type)) return
    if (node.type === 'AwaitExpression') found.push(...importsIn(node.argument as Node))
    // a ?? await import('./b.js')
    const parts = 'operator' in node && isLogical(node.operator) ? [node.left] : Object.values(node)
    for (const part of parts.flat()) if (isNode(part)) visit(part)
  }
  // without its type it may be taken for a script, in which `await (x)` calls a function
  visit(parse('module.js', code, { sourceType: 'module' }).program as unknown as Node)
  return found
}

/** The specifiers of the `import()`s whose failure is that of the promise `node`. */
function importsIn(node: Node): string[] {
  if (node.type === 'ParenthesizedExpression') return importsIn(node.expression as Node)
  if (node.type !== 'CallExpression') return []
  const { object, property, name } = node.callee as { object?: Node; property?: Node; name?: unknown }
  const args = node.arguments as Node[]
  if (name === '__vite_ssr_dynamic_import__') return specifierOf(args[0])
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

const isLogical = (operator: unknown) => ['&&', '||', '??', '&&=', '||=', '??='].includes(operator as string)

function isNode(part: unknown): part is Node {
  return typeof part === 'object' && part !== null && 'type' in part
}
