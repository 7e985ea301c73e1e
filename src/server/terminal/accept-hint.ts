/** A hint for an app that accepts no update at all: the lines to add, and the file. */
import colors from 'picocolors'
import type { DevEnvironment } from 'vite'
import { commonJsOf } from '../transform/commonjs-files.ts'
import { listenAdvice } from './listen-advice.ts'

/**
 * The text for the app of `entry`, or `undefined` where it would not help: some module accepts something, or the chain, which leads
 * from the saved module to a root, as URLs, holds CommonJS, which has no `import.meta`, or does not end at the user's entry: what
 * a library has loaded, a framework's config for example, is loaded again by that library only.
 */
export function acceptHint(environment: DevEnvironment, entry: string, chain: readonly string[]): string | undefined {
  const { idToModuleMap, urlToModuleMap } = environment.moduleGraph
  for (const { isSelfAccepting, acceptedHmrDeps } of idToModuleMap.values()) {
    if (isSelfAccepting || acceptedHmrDeps.size > 0) return undefined
  }
  if (chain.at(-1) !== entry || /^\/@|\/node_modules\//.test(entry)) return undefined
  const commonJs = commonJsOf(environment)
  if (chain.some((url) => commonJs.has(urlToModuleMap.get(url)?.id ?? ''))) return undefined
  return formatHint(entry.slice(1), importsOf(environment))
}

/** The packages and builtins that code of the user imports. */
function importsOf({ moduleGraph }: DevEnvironment): Set<string> {
  const imports = new Set<string>()
  for (const { file, transformResult } of moduleGraph.idToModuleMap.values()) {
    if (file?.includes('/node_modules/')) continue
    for (const specifier of [...(transformResult?.deps ?? []), ...(transformResult?.dynamicDeps ?? [])]) {
      imports.add(specifier)
    }
  }
  return imports
}

/** The lines for an app of these imports. */
export function formatHint(entry: string, imports: ReadonlySet<string>): string {
  const advice = listenAdvice(imports)
  const note =
    advice || imports.has('vite-tether/keep') ? '' : ': what it opens, import.meta.hot.dispose() has to close'
  const lines = [
    `nothing in this app accepts updates, so each save restarts it. To update it in place, add to ${colors.cyan(entry)}:`,
    code(`import.meta.hot?.accept() // this file may run again${note}`),
  ]
  if (advice) {
    lines.push(
      `and where ${advice.name} listens, so that new code takes its port over:`,
      code("import { listen } from 'vite-tether/keep'"),
      ...advice.lines.map(code),
    )
  }
  return lines.join('\n')
}

/** A line of code, with what is said of it in the background. */
function code(line: string): string {
  return `    ${line.replace(/\/\/ .*$/, (comment) => colors.dim(comment))}`
}
