/** A line in the terminal while the first large graph is loaded; it goes when that is done. */
import colors from 'picocolors'

/** Milliseconds after which it is worth a line, and from one count to the next. */
const PATIENCE = 400
const PERIOD = 100

/** Shows one graph; later ones are small, or warm. */
export interface Progress {
  /** `count` is asked for the modules so far, until `answer` has settled. */
  show(answer: Promise<unknown>, count: () => number): void
}

/** Makes it for a terminal. Does nothing where lines cannot be taken back: in a pipe, and under CI. */
export function createProgress(terminal: NodeJS.WriteStream = process.stderr): Progress {
  let isOver = !terminal.isTTY || Boolean(process.env.CI)
  return {
    show(answer, count) {
      if (isOver) return
      isOver = true
      let isShown = false
      const print = (): void => {
        isShown = true
        terminal.write(`\r${colors.dim(`  loading ${count()} modules ...`)}\u001b[K`)
      }
      let timer = setTimeout(() => {
        print()
        timer = setInterval(print, PERIOD)
      }, PATIENCE)
      const end = (): void => {
        clearTimeout(timer)
        if (isShown) terminal.write('\r\u001b[K')
      }
      answer.then(end, end)
    },
  }
}
