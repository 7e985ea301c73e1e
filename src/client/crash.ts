/** The report of an error that ends the app process: once, with the mapped stack, and no transformed code. */
import { inspect } from 'node:util'

/**
 * Replaces Node's own report, which quotes a line of the transformed code. An app that listens to `uncaughtException` gets
 * its errors as ever.
 */
export function installCrashReport(exit: (code: number) => void): void {
  process.on('uncaughtExceptionMonitor', (error) => {
    if (process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()) return
    // Node writes its diagnostic report on the way that we would leave
    if (process.report?.reportOnUncaughtException) return
    process.stderr.write(`${formatCrash(error, process.stderr.hasColors?.() ?? false)}\n`)
    exit(1)
  })
}

/** What is printed of `thrown`: for code that could not be transformed its frame, else what Node prints. */
export function formatCrash(thrown: unknown, colors: boolean): string {
  const { name, message, frame, loc, id } = (thrown ?? {}) as Record<string, unknown> & {
    loc?: { file?: string; line: number; column: number }
  }
  if (typeof frame !== 'string' || typeof message !== 'string') {
    return thrown instanceof Error ? inspect(thrown, { colors }) : `Uncaught ${inspect(thrown, { colors })}`
  }
  const file = loc?.file ?? id
  const position = loc ? `:${loc.line}:${loc.column}` : ''
  const lines = [`${name}: ${message}`]
  if (file && !message.includes(String(file))) lines.push(`  ${file}${position}`)
  if (frame && !message.includes(frame.trim())) lines.push(frame)
  return lines.join('\n')
}
