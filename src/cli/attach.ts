/** `vite-tether attach [flags] <url> <entry> [app args]`: this process becomes a runner of a server elsewhere. */
import { readFileSync } from 'node:fs'
import { basename, resolve, sep } from 'node:path'
import { hookRequire } from '../client/bridge/require-hooks.ts'
import { loadMetaResolve } from '../client/evaluate/import-meta.ts'
import { installMainModule } from '../client/evaluate/main-module.ts'
import { disposeAll } from '../client/hmr/dispose-all.ts'
import { getEngine } from '../client/hmr/engine.ts'
import { installCrashReport } from '../client/process/crash-report.ts'
import { execute } from '../client/process/run-entries.ts'
import { installStopGate } from '../client/process/stop-gate.ts'
import { connectRunner } from '../client/runner/connect.ts'
import type { SessionRunner } from '../client/runner/session-runner.ts'
import { TetherError } from '../shared/errors.ts'
import type { AttachFlags } from './attach-flags.ts'

/** Exit codes beside the app's own. */
const EXIT = {
  /** Flags, the token's file or the URL are wrong: trying again is useless. */
  USAGE: 2,
  /** There is no server, it refuses this runner, or it has been away for too long. */
  NO_SERVER: 3,
} as const

/** Milliseconds that the modules' `dispose` may take when a signal ends the process. */
const DISPOSE_PATIENCE = 4000

/**
 * Connects and executes the entry. Resolves once it is executed; the process then lives as long as the app keeps it alive.
 * Rejects with a `TetherError` that says why there is no session. What the app throws ends the process as under Node.
 */
export async function attach(flags: AttachFlags, exit: (code: number) => void): Promise<void> {
  const { url, entry, args, wait } = flags
  const root = resolve(flags.root ?? '.')
  const token = flags.tokenFile === undefined ? undefined : readToken(flags.tokenFile)
  const path = localPath(entry, root)
  // as the app expects it: its entry comes right after node
  process.argv.splice(1, process.argv.length, path, ...args)
  installMainModule(path)
  let runner: SessionRunner | undefined
  installStopGate({
    signals: ['SIGINT', 'SIGTERM', 'SIGHUP'],
    dispose: async () => runner && disposeAll(getEngine(runner.viteNode)),
    patience: DISPOSE_PATIENCE,
    report: (error) => console.error(error),
    exit,
  })
  runner = await connectRunner({
    url,
    root,
    name: flags.name ?? basename(path),
    wait,
    // the app's stdout belongs to the app
    logger: { info: say, debug: say, error: say },
    ...(token !== undefined && { token }),
  })
  runner.on('end', (error) => {
    if (!error) return
    say(`[vite-tether] ${error.message}`)
    exit(EXIT.NO_SERVER)
  })
  installCrashReport(exit)
  await bridgeRequire(runner)
  await execute(runner, [entry]).catch((error) => {
    // outside of the promise, so that this is what Node makes of an error of an entry: an uncaught exception
    process.nextTick(() => {
      throw error
    })
  })
}

/** What Node requires of the app's files on this machine: modules are those of the runner, and TypeScript is compiled. */
async function bridgeRequire({ viteNode }: SessionRunner): Promise<void> {
  // a require() cannot wait for it
  await loadMetaResolve()
  const opened = { import: (url: string) => viteNode.import(url), native: viteNode.native! }
  hookRequire({ open: async () => opened, openNow: () => opened })
}

/** What the process exits with when `attach` has rejected with `error`. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof TetherError)) return 1
  return error.code === 'ERR_CONFIG' ? EXIT.USAGE : EXIT.NO_SERVER
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Where the entry would be on this machine. */
function localPath(entry: string, root: string): string {
  return entry.startsWith(root + sep) ? entry : resolve(root, entry.replace(/^\/+/, ''))
}

function readToken(file: string): string {
  const problem = (what: string, cause?: unknown) =>
    new TetherError(
      'ERR_CONFIG',
      `Expected the file of --token-file to hold the server's token, but ${file} ${what}.`,
      { cause },
    )
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw problem(`cannot be read (${(error as NodeJS.ErrnoException).code})`, error)
  }
  if (text === '' || /\s/.test(text)) throw problem('is empty or has several words')
  return text
}
