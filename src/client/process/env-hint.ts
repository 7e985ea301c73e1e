/** A hint for people who expect `.env` to be loaded: Node does not, and Vite only gives some of it to `import.meta.env`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'

/** Milliseconds after the start in which an app may still load the file itself. */
const PATIENCE = 1000
/** So many names are spelled out. */
const NAMED = 3

/** Says what it has to say, once. */
export interface EnvHint {
  /** The app has started: it is said a second later. */
  started(): void
  /** It is said now. */
  say(): void
}

/**
 * Says once that `root/.env` has variables which the app's code names and nothing has loaded: when the process ends, or as the
 * answer tells it. `files` are the app's, by absolute path, that have been loaded by then.
 */
export function installEnvHint(root: string, files: () => Iterable<string>): EnvHint {
  let isSaid = false
  const say = () => {
    if (isSaid) return
    isSaid = true
    process.off('exit', say)
    const names = unloaded(root, files())
    if (names.length > 0) process.stderr.write(`${hint(names)}\n`)
  }
  process.on('exit', say)
  return { say, started: () => void setTimeout(say, PATIENCE).unref() }
}

function unloaded(root: string, files: Iterable<string>): string[] {
  const all = Object.keys(parseEnv(read(join(root, '.env'))))
  const names = all.filter((name) => /^\w+$/.test(name) && !(name in process.env))
  if (names.length === 0) return []
  const code = Array.from(files, read).join('\n')
  return names.filter((name) => new RegExp(`(?<!import\\.meta\\.env\\.|[\\w$])${name}(?![\\w$])`).test(code))
}

function hint(names: readonly string[]): string {
  const some = names.slice(0, NAMED).join(', ') + (names.length > NAMED ? ' ...' : '')
  return (
    `[vite-tether] .env sets ${some}, but nothing has loaded it into process.env. ` +
    'Give node the flag --env-file=.env (before the entry, or in execArgv of tether()), or load it in the app.'
  )
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // there is none, or it is no file of this machine
    return ''
  }
}
