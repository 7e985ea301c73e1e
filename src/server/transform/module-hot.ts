/**
 * Rewrites `module.hot`, which webpack and Parcel have, to `import.meta.hot`. Code that is also compiled to CommonJS uses it,
 * because `import.meta` is a syntax error there. Runs before Vite looks for `import.meta.hot`.
 */
import type { ESTree, parseSync, Visitor } from 'vite'

/** The parser of Vite. */
export interface ParserTools {
  parse: typeof parseSync
  Visitor: typeof Visitor
}

const MENTION = /\bmodule\s*(?:\?\.|\.)\s*hot\b/

/**
 * For a `transform` hook that runs before Vite's: the code with `import.meta.hot`; `undefined` if it has no `module.hot` or declares
 * a variable `module`. No source map is made: later columns of a rewritten line are off by five.
 */
export function rewriteModuleHot(code: string, id: string, { parse, Visitor }: ParserTools): string | undefined {
  if (!MENTION.test(code) || !/\.[cm]?[jt]sx?$/.test(id)) return undefined
  const { program } = parse(id, code)
  const found: ESTree.MemberExpression[] = []
  let isOwn = false
  const bind = (pattern: unknown) => {
    isOwn ||= names(pattern).includes('module')
  }
  const bindFunction = (node: { params: unknown[] }) => node.params.forEach(bind)
  new Visitor({
    MemberExpression(node) {
      const { object, property, computed } = node
      if (computed || object.type !== 'Identifier' || object.name !== 'module') return
      if (property.type === 'Identifier' && property.name === 'hot') found.push(node)
    },
    VariableDeclaration(node) {
      if (!node.declare) for (const { id } of node.declarations) bind(id)
    },
    FunctionDeclaration: bindFunction,
    FunctionExpression: bindFunction,
    ArrowFunctionExpression: bindFunction,
    CatchClause: (node) => bind(node.param),
    ImportSpecifier: (node) => bind(node.local),
    ImportDefaultSpecifier: (node) => bind(node.local),
    ImportNamespaceSpecifier: (node) => bind(node.local),
  }).visit(program)
  if (isOwn || found.length === 0) return undefined
  return found
    .sort((a, b) => b.start - a.start)
    .reduce((text, { start, end }) => `${text.slice(0, start)}import.meta.hot${text.slice(end)}`, code)
}

/** The names that a pattern declares. */
function names(pattern: unknown): string[] {
  if (typeof pattern !== 'object' || pattern === null) return []
  const { type, name, ...parts } = pattern as { type?: string; name?: string }
  if (type === 'Identifier') return [name!]
  const { elements, properties, left, value, argument, parameter } = parts as Record<string, unknown>
  return [elements, properties, left, value, argument, parameter].flat().flatMap(names)
}
