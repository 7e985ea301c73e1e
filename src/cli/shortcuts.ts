/** Keys of the terminal, as Vite's: a letter and enter. Vite's own need its http server, which we do not start. */
import { createInterface } from 'node:readline'
import colors from 'picocolors'

/** One key. */
export interface Shortcut {
  keys: string[]
  description: string
  action(): void | Promise<void>
}

/** Listens to the terminal. Call the returned function to stop. */
export function bindShortcuts(shortcuts: readonly Shortcut[], print: (line: string) => void): () => void {
  const help: Shortcut = {
    keys: ['h'],
    description: 'show help',
    action: () => {
      print('\n  Shortcuts')
      for (const { keys, description } of shortcuts) {
        print(colors.dim('  press ') + colors.bold(`${keys[0]} + enter`) + colors.dim(` to ${description}`))
      }
    },
  }
  const terminal = createInterface({ input: process.stdin })
  let running = false
  terminal.on('line', async (line) => {
    const key = line.trim().toLowerCase()
    const shortcut = [help, ...shortcuts].find(({ keys }) => keys.includes(key))
    if (!shortcut || running) return
    running = true
    try {
      await shortcut.action()
    } catch (error) {
      print(colors.red((error as Error).message))
    } finally {
      running = false
    }
  })
  print(
    `${colors.dim(colors.green('  ➜'))}${colors.dim('  press ')}${colors.bold('h + enter')}${colors.dim(' to show help')}`,
  )
  return () => terminal.close()
}
