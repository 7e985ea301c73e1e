/** Prints refused runners: each reason once for each address, and only some lines a minute. */
import type { Logger } from 'vite'
import type { Refusal } from './upgrade-rules.ts'

/** At most `LINES` lines in `WINDOW` milliseconds: strangers must not be able to fill the terminal. */
const LINES = 10
const WINDOW = 60_000

/** Reports refusals to `logger`. */
export function createRefusalLog(logger: Logger): (refusal: Refusal, from: string, host: string | undefined) => void {
  const told = new Set<string>()
  let lines: number[] = []
  return ({ status, text }, from, host) => {
    const key = `${status} ${from} ${text}`
    const now = performance.now()
    lines = lines.filter((at) => now - at < WINDOW)
    if (told.has(key) || lines.length >= LINES) return
    told.add(key)
    lines.push(now)
    // the header comes from a stranger and may hold escape codes or megabytes: JSON.stringify() and slice() take care of that
    const name = host === undefined ? '' : ` (Host: ${JSON.stringify(host.slice(0, 100))})`
    logger.warn(`[vite-tether] refused a runner from ${from}${name}: ${text} (${status})`)
  }
}
