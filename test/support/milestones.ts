/** Lines that say how far a program has come, and the wait for one. */

/** The time that a milestone may take, in ms. */
const PATIENCE = 8000

/** Collects lines; `until` resolves when the line is there, also if it already was. */
export function createMilestones() {
  const lines: string[] = []
  const waiting = new Set<() => void>()
  return {
    lines,
    log(line: string): void {
      lines.push(line)
      for (const check of [...waiting]) check()
    },
    until(line: string | RegExp): Promise<void> {
      const isThere = () => lines.some((seen) => (typeof line === 'string' ? seen === line : line.test(seen)))
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(check)
          reject(new Error(`Waited ${PATIENCE} ms for the line ${line}. Got:\n${lines.join('\n')}`))
        }, PATIENCE)
        const check = () => {
          if (!isThere()) return
          clearTimeout(timer)
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      })
    },
  }
}
