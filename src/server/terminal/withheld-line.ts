/** The line about a saved file that a plugin has kept from runners: they run the code from before, and nothing else would say so. */
import colors from 'picocolors'
import type { WithheldSave } from '../hub-types.ts'

/** The line to print. `isOfApp`: an app is among the runners, which can be restarted from here. */
export type WithheldReport = WithheldSave & { isOfApp: boolean }

/** Greatest number of files and of runners that the line names. */
const NAMED = 3

/** The text of the line. `short` makes a path relative. */
export function formatWithheld(
  { plugin, hook, sent, failed, files, runners, isOfApp }: WithheldReport,
  short: (path: string) => string,
  hasShortcuts: boolean,
): string {
  const what = list(files.map(short))
  const one = files.length === 1
  const who = `${list(runners)} ${runners.length === 1 ? 'runs' : 'run'} the code from before`
  const restart = isOfApp ? (hasShortcuts ? 'r + enter' : 'a restart') : 'starting anew'
  const way = `${restart} runs the saved code`
  const by = `plugin ${colors.bold(plugin)}`
  if (sent !== undefined) {
    // the plugin means to do so, and others that it serves (a browser) are up to date: no warning
    return `${what}: ${by} answers ${one ? 'this save' : 'these saves'} by its own event ${sent}. ${who}; ${way}`
  }
  const head = colors.yellow('not updated:')
  if (failed) return `${head} ${what}: ${by} failed in its hook ${hook}. ${who}; ${way}`
  const always = isOfApp ? '; to restart at each such save, name the file by the option watch' : ''
  return `${head} ${what}: ${by} takes ${one ? 'it' : 'them'} out of updates (${hook}). ${who}; ${way}${always}`
}

function list(names: readonly string[]): string {
  const rest = names.length > NAMED ? ` and ${names.length - NAMED} more` : ''
  return `${names.slice(0, NAMED).join(', ')}${rest}`
}
