/** The output of several apps in one terminal: each line under the name of its app. */
import colors from 'picocolors'

const COLORS = [colors.cyan, colors.magenta, colors.yellow, colors.green, colors.blue]

/** Prints a line of `app`, which is one of `apps`. */
export function printLine(apps: readonly string[], app: string, stream: 'stdout' | 'stderr', line: string): void {
  const color = COLORS[apps.indexOf(app) % COLORS.length]!
  const width = Math.max(...apps.map(({ length }) => length))
  // a terminal that is slow blocks here, and then the app in its own pipe
  process[stream].write(`${color(`${app.padEnd(width)} |`)} ${line}\n`)
}

/** Environment variables that make an app colour its lines although it writes into a pipe, where the terminal behind it shows colours. */
export function colorEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isDecided = env.FORCE_COLOR !== undefined || env.NO_COLOR !== undefined
  return process.stdout.isTTY && colors.isColorSupported && !isDecided ? { FORCE_COLOR: '1' } : {}
}
