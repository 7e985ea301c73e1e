/** `vite-tether attach [flags] <url> <entry> [app args]`: this process becomes a runner of a server elsewhere. */
import { basename, resolve, sep } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { hookRequire } from '../client/bridge/require-hooks.ts'
import { loadMetaResolve } from '../client/evaluate/import-meta.ts'
import { installMainModule } from '../client/evaluate/main-module.ts'
import { installCrashReport } from '../client/process/crash-report.ts'
import { execute } from '../client/process/run-entries.ts'
import { installStopGate } from '../client/process/stop-gate.ts'
import { connectRunner } from '../client/runner/connect.ts'
import type { SessionRunner } from '../client/runner/session-runner.ts'
import { TetherError } from '../shared/errors.ts'
import type { AttachFlags } from './attach-flags.ts'
import { serveHealth } from './health.ts'
import { namingFile, readToken } from './token-file.ts'

/** Exit codes beside the app's own. */
const EXIT = {
  /** Flags, the token's file or the URL are wrong: trying again is useless. */
  USAGE: 2,
  /** There is no server, it refuses this runner, or it has been away for too long. */
  NO_SERVER: 3,
} as const

/** Milliseconds that the modules' `dispose` may take when a signal ends the process, and then the server to hear of it. */
const DISPOSE_PATIENCE = 4000
const LEAVE_PATIENCE = 1000

/**
 * Connects and executes the entry. Resolves once it is executed; the process then lives as long as the app keeps it alive.
 * Rejects with a `TetherError` that says why there is no session. What the app throws ends the process as under Node.
 */
export async function attach(flags: AttachFlags, exit: (code: number) => void): Promise<void> {
  const { url, entry, args, wait } = flags
  const root = resolve(flags.root ?? '.')
  const { tokenFile } = flags
  const token = tokenFile === undefined ? undefined : () => readToken(tokenFile)
  if (tokenFile === undefined && !process.env.TETHER_TOKEN) {
    throw new TetherError(
      'ERR_CONFIG',
      "Expected the server's token: --token-file <file> (the server's terminal says which), or TETHER_TOKEN in the environment.",
    )
  }
  // a file that is wrong from the start is a mistake of the command
  token?.()
  const health = flags.health && (await serveHealth(flags.health))
  const path = localPath(entry, root)
  // as the app expects it: its entry comes right after node
  process.argv.splice(1, process.argv.length, path, ...args)
  installMainModule(path)
  let runner: SessionRunner | undefined
  let isLeaving = false
  installStopGate({
    signals: ['SIGINT', 'SIGTERM', 'SIGHUP'],
    dispose: async () => runner?.dispose(),
    // a server that is not told keeps the session for minutes
    async last() {
      isLeaving = true
      await Promise.race([runner?.close(), delay(LEAVE_PATIENCE)])
    },
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
  }).catch((error) => {
    throw namingFile(error, tokenFile)
  })
  runner.on('disconnect', () => say('[vite-tether] the link is lost, trying to get it back.'))
  runner.on('resume', () => say('[vite-tether] connected again, nothing was lost.'))
  runner.on('resync', () => say('[vite-tether] connected again, compared with the current sources.'))
  runner.on('end', (error) => {
    if (!error) return
    say(`[vite-tether] ${namingFile(error, tokenFile).message}`)
    exit(EXIT.NO_SERVER)
  })
  installCrashReport(exit)
  await bridgeRequire(runner)
  const start = execute(runner, [asUrl(entry)])
  start.then(
    () => health?.started(runner!),
    () => {},
  )
  await start.catch((error) => {
    // told to stop before it was executed: the signal says how this ends
    if (isLeaving) return
    // outside of the promise, so that this is what Node makes of an error of an entry: an uncaught exception
    process.nextTick(() => {
      throw namingEntry(error, entry, runner!.config.root)
    })
  })
}

/** Lets `require()` of the app's files on this machine give the runner's modules and compile TypeScript. */
async function bridgeRequire({ viteNode }: SessionRunner): Promise<void> {
  // a require() cannot wait for it
  await loadMetaResolve()
  const opened = { import: (url: string) => viteNode.import(url), native: viteNode.native! }
  hookRequire({ open: async () => opened, openNow: () => opened })
}

/** The exit code of the process after `attach` has rejected with `error`. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof TetherError)) return 1
  return error.code === 'ERR_CONFIG' ? EXIT.USAGE : EXIT.NO_SERVER
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** An entry is a file, also where it is written like a package: its URL as Vite writes it. */
function asUrl(entry: string): string {
  const path = entry.replace(/^\.\//, '')
  return /^(?:[./]|\w+:)/.test(path) ? path : `/${path}`
}

/** `error`, in words about the command if it is the entry itself that is missing. */
function namingEntry(error: Error & { code?: unknown }, entry: string, root: string): Error {
  const { code, message } = error
  // Vite takes the URL of a file that is not there for its path
  const isEntry = message.startsWith('Cannot find module') || message.includes(`'${asUrl(entry)}'`)
  if (code !== 'ERR_MODULE_NOT_FOUND' || !isEntry || message.includes(' imported from ')) return error
  return new TetherError(
    'ERR_ENTRY',
    `The entry '${entry}' does not exist where Vite runs: entries are relative to Vite's root, ${root}. Correct the path or create the file there.`,
    { cause: error },
  )
}

/** Where the entry would be on this machine. */
function localPath(entry: string, root: string): string {
  return entry.startsWith(root + sep) ? entry : resolve(root, entry.replace(/^\/+/, ''))
}
