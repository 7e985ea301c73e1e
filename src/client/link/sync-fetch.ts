/** Asks the server for a thread that cannot wait in its event loop. The other end is `sync-fetch-worker`. */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { type FlatError, reviveError, TetherError } from '../../shared/errors.ts'
import type { RunnerInfo, ServerFunctions } from '../../shared/types.ts'
import { distUrl } from '../../shared/util/dist-files.ts'

/** The calls that the thread answers. */
export type FetchCall =
  | { call: 'init' }
  | { call: 'fetch'; args: Parameters<ServerFunctions['fetch']> }
  | { call: 'loaded'; args: Parameters<ServerFunctions['loaded']> }

/** A question. */
export interface FetchRequest {
  id: number
  call: FetchCall
}

/** The answer to the question with that id. */
export interface ThreadAnswer {
  id: number
  value?: unknown
  error?: FlatError
}

/** The data with which the thread is started. */
export interface FetchData {
  url: string
  secret: string
  /** Introduces the session as a runner's; without it the session is another one's second. */
  info: RunnerInfo | undefined
  port: MessagePort
  /** Counts answers. */
  flag: Int32Array
}

/** Node's own class. The bridge replaces `Worker` by one that preloads the bridge, whose hooks would ask this very thread. */
const PlainWorker = Worker

/** Milliseconds after which a blocked thread gives up: more than a call to the server may take. */
const PATIENCE = 150_000

/** Address and secret of the server, and the runner on whose behalf the thread asks. */
export type FetchTarget = Pick<FetchData, 'url' | 'secret'> & { info?: RunnerInfo }

/** A thread that asks the server. It keeps the process alive only while a `call()` waits for its answer. */
export class FetchThread {
  readonly #target: () => FetchTarget
  readonly #flag = new Int32Array(new SharedArrayBuffer(4))
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>()
  #port: MessagePort | undefined
  #last = 0

  /** `target` is asked when the thread is first needed. */
  constructor(target: () => FetchTarget) {
    this.#target = target
  }

  /** Blocks this thread. Throws what the server answers, or `ERR_DEADLINE`. */
  callNow(call: FetchCall): unknown {
    const port = this.#open()
    const id = ++this.#last
    const end = performance.now() + PATIENCE
    port.postMessage({ id, call } satisfies FetchRequest)
    for (;;) {
      const seen = Atomics.load(this.#flag, 0)
      for (let message = receiveMessageOnPort(port); message; message = receiveMessageOnPort(port)) {
        const answer = message.message as ThreadAnswer
        if (answer.id === id) return unwrap(answer)
        this.#settle(answer)
      }
      if (Atomics.wait(this.#flag, 0, seen, end - performance.now()) === 'timed-out') {
        throw new TetherError(
          'ERR_DEADLINE',
          `The server did not answer within ${PATIENCE} ms what a require() needs to know. Is Vite still running?`,
        )
      }
    }
  }

  /** The same in the event loop. */
  call(call: FetchCall): Promise<unknown> {
    const port = this.#open()
    const id = ++this.#last
    port.ref()
    port.postMessage({ id, call } satisfies FetchRequest)
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }

  #open(): MessagePort {
    if (this.#port) return this.#port
    const { port1, port2 } = new MessageChannel()
    const data: FetchData = { info: undefined, ...this.#target(), port: port2, flag: this.#flag }
    const worker = new PlainWorker(new URL(distUrl('bridge-fetch.js')), {
      workerData: data,
      transferList: [port2],
      // not the inherited flags: the app's preloads must not run in this thread
      execArgv: [],
      env: { DEBUG: process.env.DEBUG },
      name: 'vite-tether',
    })
    worker.unref()
    port1.on('message', (answer: ThreadAnswer) => this.#settle(answer))
    port1.unref()
    this.#port = port1
    return port1
  }

  #settle(answer: ThreadAnswer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (this.#waiting.size === 0) this.#port!.unref()
    try {
      waiting?.resolve(unwrap(answer))
    } catch (error) {
      waiting?.reject(error)
    }
  }
}

function unwrap({ value, error }: ThreadAnswer): unknown {
  if (error) throw reviveError(error)
  return value
}
