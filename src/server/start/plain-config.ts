/**
 * Tells a Vite config that is nothing but its own text: whoever reads that knows all that it will ever say. Any other may read files,
 * variables or a clock, and plugins may do anything, so with such a one nothing is kept.
 */

/** Modules of which a config may take these names without becoming more than its text; `*`: all of them. */
const PURE: Record<string, RegExp> = {
  vite: /^(?:defineConfig|mergeConfig|normalizePath)$/,
  'vite-tether': /^(?:tether|default)$/,
  path: /./,
  'node:path': /./,
  url: /./,
  'node:url': /./,
}

/** Words that give a config something that is not in its text, or a way to it. Also in comments and strings: then it is no plain config. */
const IMPURE =
  /\b(?:process|globalThis|global|window|self|require|module|eval|Function|constructor|prototype|Reflect|Proxy|fetch|Date|performance|random|crypto|navigator|setTimeout|setInterval|setImmediate|queueMicrotask|Worker|WebSocket|WebAssembly|Intl|Temporal|localStorage|sessionStorage|BroadcastChannel|toLocale\w*|hrtime|await|async|yield|this|arguments|Symbol|Error|console|hot|__proto__)\b|\bimport\s*\(|\\u|\\x/

const IMPORT = /^\s*import\s+(type\s)?([\s\S]*?)\s*\bfrom\s*(['"])([^'"\n]+)\3(?:[ \t]*;)?/gm

/** `true` if the source of a config is one. */
export function isPlainConfig(source: string): boolean {
  let isPure = true
  const rest = source.replace(IMPORT, (_, type: string | undefined, clause: string, _quote, from: string) => {
    if (!type) isPure &&= isPureImport(clause, from)
    return ''
  })
  return (
    isPure &&
    !/\bimport\b(?!\.meta\.(?:url|dirname|filename)\b)|\bexport\b(?!\s+default\b)/.test(rest) &&
    !IMPURE.test(rest)
  )
}

function isPureImport(clause: string, from: string): boolean {
  const pure = Object.hasOwn(PURE, from) ? PURE[from]! : undefined
  if (!pure) return false
  if (pure.source === '.') return !IMPURE.test(clause)
  // names in braces only: a namespace or a default export could be asked for anything
  const [, names] = /^\{([\s\S]*)\}$/.exec(clause.trim()) ?? []
  const isNamed = (name: string) => name === '' || name.startsWith('type ') || pure.test(name.split(/\s+as\s+/)[0]!)
  return names?.split(',').every((name) => isNamed(name.trim())) === true
}
