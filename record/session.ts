/** A session at a terminal: what was typed, what was saved, and what the command has said, with its times. */
import { ENTRY, PORT, quiet, withApp } from './project.ts'

/** A line on the screen, as it came: with its colours. */
export interface Line {
  /** Milliseconds since the session began. */
  at: number
  text: string
  /** `typed` at a prompt, `saved` in an editor, `printed` by a program. */
  by: 'typed' | 'saved' | 'printed'
}

/** Runs the session and returns what was seen. */
export async function recordSession(): Promise<Line[]> {
  const began = performance.now()
  const lines: Line[] = []
  const show = (by: Line['by'], text: string) => {
    if (text.trim() !== '') lines.push({ at: performance.now() - began, text, by })
  }
  show('typed', `npx vite-tether ${ENTRY}`)
  await withApp([], async ({ command, save, ask }) => {
    let rest = ''
    for (const stream of [command.child.stdout!, command.child.stderr!]) {
      stream.on('data', (chunk: string) => {
        const parts = (rest + chunk).split('\n')
        rest = parts.pop()!
        for (const line of parts) show('printed', line)
      })
    }
    const curl = async () => {
      show('typed', `curl localhost:${PORT}`)
      show('printed', await ask())
    }
    const edit = (what: string, ...how: Parameters<typeof save>) => {
      show('saved', `${how[0]}  ${what}`)
      return save(...how)
    }
    await command.match(/ready in/)
    await quiet(command)
    await curl()
    await edit('Hello → Welcome', 'src/greet.ts', (text) => text.replace('Hello', 'Welcome'), /hot updated/)
    await curl()
    await edit('with a mistake', 'src/greet.ts', (text) => text.replace('export', 'exprt'), /still runs/)
    await curl()
    await edit('mended', 'src/greet.ts', (text) => text.replace('exprt', 'export'), /hot updated/)
    await curl()
    await edit('which is no module', '.env', () => 'GREETING=long\n', /restarted[\s\S]*listening/)
    await curl()
    // what comes now is its end
    command.child.stdout!.removeAllListeners('data')
    command.child.stderr!.removeAllListeners('data')
  })
  return lines
}
