/** A hint for people whose app accepts no update at all: what to add, and where. */
import colors from 'picocolors'
import type { EnvironmentModuleGraph } from 'vite'

/** The text, or `undefined` if some module accepts something. `chain` leads from the saved module to the entry, as URLs. */
export function acceptHint(graph: EnvironmentModuleGraph, chain: readonly string[]): string | undefined {
  for (const { isSelfAccepting, acceptedHmrDeps } of graph.idToModuleMap.values()) {
    if (isSelfAccepting || acceptedHmrDeps.size > 0) return undefined
  }
  const entry = chain.at(-1)!.replace(/^\/(?!@)/, '')
  return [
    `nothing in this app accepts updates, so each save restarts it. To update it in place, add to ${colors.cyan(entry)}:`,
    `    import { listen } from 'vite-tether/keep' ${colors.dim('// listen(app, 3000) for app.listen(3000): the port stays open')}`,
    `    import.meta.hot?.accept() ${colors.dim('// this file may run again')}`,
  ].join('\n')
}
