/** A hint for an app that accepts no update at all: the line to add, and the file. */
import colors from 'picocolors'
import type { DevEnvironment } from 'vite'
import { declaredFormat } from '../../shared/util/module-format.ts'
import { commonJsOf } from '../transform/commonjs-files.ts'

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
  const file = urlToModuleMap.get(entry)?.file ?? ''
  return formatHint(entry.slice(1), /\.tsx?$/.test(file) && declaredFormat(file) !== 'module')
}

/**
 * The lines for an app: a plain `listen` takes its port over, whichever framework calls it. TypeScript of a package without
 * `"type": "module"` may be for a build to CommonJS, as Nest's is, which `import.meta` would break: `module.hot` works in both.
 */
export function formatHint(entry: string, mayBecomeCommonJs: boolean): string {
  return [
    `nothing in this app accepts updates, so each save restarts it. To update it in place, add to ${colors.cyan(entry)}:`,
    code(
      'import.meta.hot?.accept() // this file may run again, ports stay open: what else it starts, import.meta.hot.dispose() has to end',
    ),
    ...(mayBecomeCommonJs
      ? [code('module.hot?.accept() // instead, if tsc compiles this file to CommonJS, which has no import.meta')]
      : []),
  ].join('\n')
}

/** A line of code, with what is said of it in the background. */
function code(line: string): string {
  return `    ${line.replace(/\/\/ .*$/, (comment) => colors.dim(comment))}`
}
