/** A hint for people whose app accepts no update at all: what to add, and where. */
import colors from 'picocolors'
import type { DevEnvironment } from 'vite'
import { commonJsOf } from '../transform/commonjs-files.ts'

/**
 * The text, or `undefined` if some module accepts something or the entry could not. `chain` leads from the saved module to the
 * entry, as URLs.
 */
export function acceptHint(environment: DevEnvironment, chain: readonly string[]): string | undefined {
  const { idToModuleMap, urlToModuleMap } = environment.moduleGraph
  for (const { isSelfAccepting, acceptedHmrDeps } of idToModuleMap.values()) {
    if (isSelfAccepting || acceptedHmrDeps.size > 0) return undefined
  }
  const url = chain.at(-1)!
  // CommonJS has no `import.meta`
  if (commonJsOf(environment).has(urlToModuleMap.get(url)?.id ?? '')) return undefined
  const entry = url.replace(/^\/(?!@)/, '')
  return [
    `nothing in this app accepts updates, so each save restarts it. To update it in place, add to ${colors.cyan(entry)}:`,
    `    import { listen } from 'vite-tether/keep' ${colors.dim('// listen(app, 3000) for app.listen(3000): the port stays open')}`,
    `    import.meta.hot?.accept() ${colors.dim('// this file may run again')}`,
  ].join('\n')
}
