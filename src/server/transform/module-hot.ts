/**
 * `module.hot`, as webpack and Parcel have it: `import.meta.hot` for code that is also compiled to CommonJS, where `import.meta`
 * is a syntax error. It becomes `import.meta.hot` before Vite looks for that.
 */
import type { ESTree, parseSync, Visitor } from 'vite'

/** What this needs of Vite. */
export interface ParserTools {
  parse: typeof parseSync
  Visitor: typeof Visitor
}

const MENTION = /\bmodule\s*(?:\?\.|\.)\s*hot\b/

/**
 * For a `transform` hook that comes first: the code with `import.meta.hot`, `undefined` if it has no `module.hot`, or declares a
 * `module` of its own. Columns behind it in its line are off by five.
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
