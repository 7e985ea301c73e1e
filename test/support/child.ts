/** Real processes for tests: start, watch, and make sure that nothing is left. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { build } from 'vite'

/** Milliseconds after which a milestone that has not come is a failure. */
const PATIENCE = 20_000

/** Resolves with the first value of `probe` that is not `undefined` or `false`; rejects naming `what` when none comes. */
export async function until<T>(
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  patience = PATIENCE,
): Promise<T> {
  const end = performance.now() + patience
  for (;;) {
    const value = await probe()
    if (value !== undefined && value !== false) return value
    if (performance.now() > end) throw new Error(`Waited ${patience} ms for ${what}`)
    await delay(10)
  }
}

/** `true` while the process exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  return processState(pid) !== 'Z'
}

/** Kills the process `pid`, or the group `-pid`, unless it has ended by itself. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended
  }
}

/** The letter with which Linux names a process' state (`R`, `S`, `T` stopped, `Z` zombie), or `undefined` elsewhere. */
export function processState(pid: number): string | undefined {
  try {
    return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]
  } catch {
    return undefined
  }
}

/** A port of the loopback address that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A folder under the system's temporary one, by its real path. */
export function tempFolder(): { path: string; remove(): void } {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'vite-tether-test-')))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Bundles a fixture that imports sources, so that plain `node` runs it. Returns the path of the bundle in `folder`. */
export async function bundle(entry: string, folder: string): Promise<string> {
  const file = `${basename(entry).replace(/\.\w+$/, '')}.mjs`
  await build({
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: entry,
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      rolldownOptions: { output: { entryFileNames: file } },
    },
  })
  return join(folder, file)
}

/** Output that arrives bit by bit. */
export interface Output {
  /** All of it so far, without colours. */
  readonly text: string
  /** Resolves with the match when the output (from `from` on) matches. */
  match(pattern: RegExp, from?: number): Promise<RegExpExecArray>
}

/** A process started by a test. */
export interface Running extends Output {
  readonly child: ChildProcess
  readonly pid: number
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** Kills it and its group, and waits. */
  end(): Promise<void>
}

/** Starts `command` in a group of its own, with its output (both streams) recorded. */
export function run(command: string, args: readonly string[], options: SpawnOptions = {}): Running {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true, ...options })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8')
    stream?.on('data', (chunk: string) => {
      text += stripVTControlCharacters(chunk)
    })
  }
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  return {
    child,
    pid: child.pid!,
    exited,
    get text() {
      return text
    },
    match: async (pattern, from = 0) => {
      try {
        return await until(() => pattern.exec(text.slice(from)) ?? undefined, String(pattern))
      } catch (error) {
        throw new Error(`${(error as Error).message}; the output was:\n${text}`)
      }
    },
    async end() {
      for (const pid of [-child.pid!, child.pid!]) kill(pid)
      await exited
    },
  }
}
