/** The app that is recorded, in a folder of its own. */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Running, run, until } from '../test/support/child.ts'

const repository = join(import.meta.dirname, '..')

/** Where the app listens. */
export const PORT = 3000
/** Its entry. */
export const ENTRY = 'src/server.ts'

const FILES = {
  'package.json': '{ "type": "module" }',
  [ENTRY]: `import { createServer } from 'node:http'
import { greet } from './greet.ts'

createServer((_, response) => response.end(greet()))
  .listen(${PORT}, () => console.log('listening on http://localhost:${PORT}'))

import.meta.hot?.accept()
`,
  'src/greet.ts': `import { count } from './visitors.ts'

export const greet = (): string => \`Hello, visitor \${count()}\`
`,
  'src/visitors.ts': `let visitors = 0

export const count = (): number => ++visitors
`,
  '.env': 'GREETING=short\n',
}

/** The running app. */
export interface Recorded {
  readonly command: Running
  /** Saves a file, and resolves when the terminal has said this, and no more. */
  save(file: string, change: (text: string) => string, said: RegExp): Promise<void>
  /** An answer of the app. */
  ask(): Promise<string>
}

/** Starts the app under the command, with these flags, has `play` use it, and ends it. */
export async function withApp(flags: readonly string[], play: (app: Recorded) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'tether-record-'))
  const path = (file: string) => join(root, file)
  for (const [file, text] of Object.entries(FILES)) {
    mkdirSync(dirname(path(file)), { recursive: true })
    writeFileSync(path(file), text)
  }
  mkdirSync(path('node_modules'))
  symlinkSync(repository, path('node_modules/vite-tether'))
  symlinkSync(join(repository, 'node_modules/vite'), path('node_modules/vite'))
  const command = run(process.execPath, [join(repository, 'bin/vite-tether.js'), ...flags, ENTRY], {
    cwd: root,
    env: { ...process.env, FORCE_COLOR: '1', CI: undefined },
  })
  const app: Recorded = {
    command,
    async save(file, change, said) {
      const from = command.text.length
      // as editors do: the watcher may tell of a file that is written in place twice
      writeFileSync(path('.saving'), change(readFileSync(path(file), 'utf8')))
      renameSync(path('.saving'), path(file))
      await command.match(said, from)
      await quiet(command)
    },
    ask: async () => (await fetch(`http://localhost:${PORT}`)).text(),
  }
  try {
    await play(app)
    command.child.kill('SIGINT')
    await command.exited
  } finally {
    await command.end()
    rmSync(root, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Resolves when nothing more is printed: the lines of one event belong together. */
export async function quiet(command: Running): Promise<void> {
  let length = -1
  await until(() => {
    const isSame = length === command.text.length
    length = command.text.length
    return isSame
  }, 'the terminal to be quiet')
}
