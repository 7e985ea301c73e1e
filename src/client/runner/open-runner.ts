/** Opens the session of a runner and makes the runner, in this order or, for a start from what is kept, in the other one. */
import { hostname } from 'node:os'
import type { RunnerConfig, RunnerFunctions, RunnerInfo } from '../../shared/types.ts'
import { createDeferred } from '../../shared/util/deferred.ts'
import { ownVersions } from '../../shared/versions.ts'
import { beginSession, openSession, type ServerAddress, type SessionSettings } from '../link/open-session.ts'
import type { KeptCode } from '../start/kept-code.ts'
import { SessionRunner, type SessionRunnerOptions, sayError } from './session-runner.ts'

/** Options of a runner whose server is there. */
export interface ConnectedRunnerOptions extends SessionRunnerOptions {
  url: string
  /** Asked again at each attempt to connect. */
  secret: string | (() => string)
  /** Milliseconds to keep trying before the first connection; 0 is one attempt. @default 0 */
  wait?: number
  signal?: AbortSignal
}

/** The server of a runner that begins without it. */
export interface LaterServer {
  /** Where it is, once it is there. */
  address: Promise<ServerAddress>
  /** Called when the runner has something to ask or to say. */
  wanted(): void
}

/** Connects and makes the runner. Rejects with a `TetherError` that says why the server cannot be used. */
export async function createTetherRunner({
  url,
  secret,
  wait,
  signal,
  ...options
}: ConnectedRunnerOptions): Promise<SessionRunner> {
  const built = createDeferred<SessionRunner>()
  const session = await openSession({
    url,
    secret,
    ...(wait !== undefined && { wait }),
    ...(signal && { signal }),
    ...settingsOf(options, built.promise),
  })
  try {
    const info = infoOf(options)
    const runner = new SessionRunner(options, info, session, await session.rpc.init(info))
    runner.invitation = () => ({ TETHER_URL: url, TETHER_TOKEN: typeof secret === 'string' ? secret : secret() })
    built.resolve(runner)
    return runner
  } catch (error) {
    await session.close()
    throw error
  }
}

/**
 * Makes a runner with kept code, as if it had had a server that has gone away: when there is one, it is told what is held here, and brings
 * what differs.
 */
export function beginRunner(
  options: SessionRunnerOptions,
  { config, records }: { config: RunnerConfig; records: KeptCode['records'] },
  { address, wanted }: LaterServer,
): SessionRunner {
  const built = createDeferred<SessionRunner>()
  const session = beginSession(address, { ...settingsOf(options, built.promise), wanted })
  const runner = new SessionRunner(options, infoOf(options), session, config)
  runner.viteNode.adopt(records)
  built.resolve(runner)
  return runner
}

function settingsOf(options: SessionRunnerOptions, built: Promise<SessionRunner>): Omit<SessionSettings, 'secret'> {
  let runner: SessionRunner | undefined
  built.then(
    (made) => {
      runner = made
    },
    () => {},
  )
  const functions: RunnerFunctions = {
    // at once, because the answer follows; nothing was asked for before there was a runner
    modules: (records) => runner?.take(records),
    // the server may speak before its answer to init has been worked in
    change: async (change) => (await built).change(change),
    payload: async (payload) => (await built).payload(payload),
    begin: async () => (await built).begin(),
  }
  return {
    kind: options.kind,
    ...(options.patience !== undefined && { patience: options.patience }),
    refused: ({ message }) => sayError(options, `${message}; trying on`),
    functions,
  }
}

function infoOf({ name, kind, root }: SessionRunnerOptions): RunnerInfo {
  const versions = kind === 'attached' && { versions: ownVersions() }
  return { name, kind, pid: process.pid, host: hostname(), root, ...versions }
}
