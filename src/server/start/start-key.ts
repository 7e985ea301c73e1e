/**
 * Names what a start leaves for the next one, by what the command knows before it has read any file of the project: a start with another
 * key finds nothing. All that is in files is in the proof.
 */
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import os from 'node:os'
import { dirname, join } from 'node:path'
import { digestOf } from '../../shared/util/file-proof.ts'

/** Changes when what is kept, or what is made of it, changes in a way that its versions do not tell. */
const FORMAT = 5

/** Variables that shape code: those of `import.meta.env`, and Node's. */
const VARIABLES = /^(?:VITE_.*|NODE_ENV|NODE_OPTIONS|NODE_PATH)$/
/** Variables in which one terminal differs from another, or a start from the next. */
const TERMINALS =
  /^(?:_|SHLVL|OLDPWD|COLUMNS|LINES|TERM_.*|.*_SESSION_ID|WINDOWID|WT_.*|SSH_.*|TMUX.*|STY|GPG_TTY|VSCODE_.*)$/

/** The command's knowledge of a start. */
export interface StartRequest {
  root: string
  /** Real path of the entry. */
  entry: string
  /** All flags that shape the app's code or its process; comparable as JSON. */
  flags: unknown
  /** Path and version of Vite. */
  vite: { path: string; version: string }
  /** The folder of our own built files. */
  own: string
  env: NodeJS.ProcessEnv
  /** The config may read all that there is of a process, any variable for example. */
  isWatched: boolean
  cwd: string
}

/** The folder of what is kept for `root`: Vite's cache folder, where no config has moved it. */
export function startFolder(root: string): string {
  const owner = nearest(root, 'package.json')
  return join(owner === undefined ? join(root, '.vite') : join(owner, 'node_modules/.vite'), 'vite-tether')
}

/** The path of the index. */
export function startPath(request: StartRequest): string {
  const { root, env, isWatched, own, ...rest } = request
  const counts = (name: string) => VARIABLES.test(name) || (isWatched && !TERMINALS.test(name))
  const variables = Object.entries(env).filter(([name]) => counts(name))
  const node = [process.version, process.arch, process.platform, process.execPath]
  const key = [FORMAT, realpathSync(root), rest, variables.sort(), node, stampsOf(own), isWatched && ownProcess()]
  return join(startFolder(root), `start-${hex(digestOf(JSON.stringify(key)))}`)
}

/** Facts that the config may find out about this process, but for what has no effect on the next one. */
function ownProcess(): unknown {
  const { argv, execArgv, stdin, stdout, stderr } = process
  const terminals = [stdin, stdout, stderr].map(({ isTTY }) => isTTY === true)
  const user = [process.getuid?.(), process.getgid?.(), process.getgroups?.(), process.umask()]
  const machine = [os.release(), os.version(), os.machine(), os.totalmem(), os.availableParallelism()]
  return [argv.filter((arg) => arg !== '--clear-cache'), execArgv, terminals, user, machine, os.homedir()]
}

function hex(digest: string): string {
  return Buffer.from(digest, 'base64url').toString('hex').slice(0, 32)
}

/** Of a checkout whose version stays while its code changes; files that are installed have theirs as well. */
function stampsOf(folder: string): unknown[] {
  return readdirSync(folder).map((name) => {
    const { mtimeMs, size } = statSync(join(folder, name))
    return [name, mtimeMs, size]
  })
}

function nearest(folder: string, name: string): string | undefined {
  if (existsSync(join(folder, name))) return folder
  const parent = dirname(folder)
  return parent === folder ? undefined : nearest(parent, name)
}
