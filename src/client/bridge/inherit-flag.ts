/**
 * Threads and forks that are started with an `execArgv` of their own get the bridge as well: libraries (pino's transports, job
 * queues) pass one without knowing what is in it.
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
  // without an execArgv of its own a fork would want the port of this process' inspector
  const withoutInspector = (options: ForkOptions | undefined): ForkOptions | undefined =>
    options?.execArgv || !process.execArgv.some(isInspector)
      ? options
      : { ...options, execArgv: process.execArgv.filter((each) => !isInspector(each)) }
  childProcess.fork = (file: string | URL, ...rest: [(readonly string[] | ForkOptions)?, ForkOptions?]) => {
    const [args, options] = Array.isArray(rest[0]) || rest.length > 1 ? rest : [undefined, rest[0]]
    return fork(file, (args ?? []) as string[], withFlag(withoutInspector(options as ForkOptions | undefined)))
  }
  // for those who import the names
  syncBuiltinESMExports()
}

function isInspector(flag: string): boolean {
  return flag.startsWith('--inspect')
}
