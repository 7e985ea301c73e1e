/**
 * Gives threads and forks the bridge that are started with an `execArgv` of their own. Libraries (pino's transports, job queues)
 * pass one that replaces the inherited flags, and with them the bridge.
 */
import childProcess, { type ForkOptions } from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'
import workerThreads, { type Worker, type WorkerOptions } from 'node:worker_threads'

/** Makes `flag` part of every `execArgv` from now on. */
export function inheritFlag(flag: string): void {
  const withFlag = <T extends { execArgv?: string[] | undefined }>(options: T | undefined): T | undefined =>
    options?.execArgv && !options.execArgv.includes(flag)
      ? { ...options, execArgv: [flag, ...options.execArgv] }
      : options

  const { Worker: NodeWorker } = workerThreads
  workerThreads.Worker = new Proxy(NodeWorker, {
    construct: (target, [file, options]: [string | URL, WorkerOptions?], newTarget) =>
      Reflect.construct(target, [file, withFlag(options)], newTarget) as Worker,
  })
  const { fork } = childProcess
  // a fork without an execArgv inherits `--inspect` as it is, and fails to listen on this process' inspector port
  const withoutInspector = (options: ForkOptions | undefined): ForkOptions | undefined =>
    options?.execArgv || !process.execArgv.some(isInspector)
      ? options
      : { ...options, execArgv: process.execArgv.filter((each) => !isInspector(each)) }
  childProcess.fork = (file: string | URL, ...rest: [(readonly string[] | ForkOptions)?, ForkOptions?]) => {
    const [args, options] = Array.isArray(rest[0]) || rest.length > 1 ? rest : [undefined, rest[0]]
    return fork(file, (args ?? []) as string[], withFlag(withoutInspector(options as ForkOptions | undefined)))
  }
  // `import { Worker } from 'node:worker_threads'` has a binding of its own, which only this call updates
  syncBuiltinESMExports()
}

function isInspector(flag: string): boolean {
  return flag.startsWith('--inspect')
}
