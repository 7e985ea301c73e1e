/**
 * Calls of functions of the other side: birpc inside the session, and around it what birpc does not have: an allow-list,
 * validated messages, errors that survive the wire, deadlines that count only while there is a link, calls that are issued again.
 */
import { createBirpc } from 'birpc'
import { flattenError, reviveError, TetherError } from '../errors.ts'
import { isShallowText } from '../session/codec.ts'
import type { Limits } from '../session/limits.ts'
import type { SendOptions } from '../session/outbox.ts'
import type { Clock } from '../util/clock.ts'
import type { Contract } from './contract.ts'
import { createDeadlines } from './deadlines.ts'
import { type Answer, isCall, type Message, type Request, readMessage } from './rpc-messages.ts'

// biome-ignore lint/suspicious/noExplicitAny: the contracts type what goes in and out
type Functions = Record<string, (...args: any[]) => any>

export interface RpcOptions<Local, Remote> {
  clock: Clock
  limits: Limits
  local: { contract: Contract<Local>; functions: Local }
  remote: Contract<Remote>
  /** Puts a message (JSON text) into the session. The caller of the function gets the error that it throws. */
  send(json: string, options: SendOptions): void
  /** A local event function threw or rejected. The other side is not told, because an event has no answer. */
  failed(error: unknown, name: string): void
  /** Calls wait for answers (`true`), or none does any more. */
  busy?(waiting: boolean): void
}

export interface Rpc<Remote> {
  /** The functions of the other side. Calls reject, events throw. */
  readonly remote: Remote
  /** Takes a message. Throws `ERR_PROTOCOL` if it is malformed. Functions are called later, in the order of their messages. */
  receive(message: unknown): void
  /** Runs `step` once the functions of all messages taken so far have been called (not: have returned). */
  inOrder(step: () => void): void
  /** The session got a link, or lost it: deadlines run only in between. */
  attached(yes: boolean): void
  /** Issues every unanswered call again, with the id it had. */
  reissue(): void
  /** Forgets the calls being worked on and drops their answers, because the other side is going to issue them again. */
  abandon(): void
  /** Rejects every call, now and later, with a new error of `reason`. */
  end(reason: () => TetherError): void
}

/** One side of a conversation, over anything that delivers messages in order. */
export function createRpc<Local extends object, Remote extends object>(
  options: RpcOptions<Local, Remote>,
): Rpc<Remote> {
  const { clock, limits, local, remote } = options
  const deadlines = createDeadlines(clock, limits)
  /** Own calls without an answer: id -> message. */
  const pending = new Map<string, string>()
  /** Number of own calls in flight; those beyond `limits.calls` wait in `queue`. */
  let calling = 0
  const queue: (() => void)[] = []
  /** Calls of the other side that are being worked on, by id and epoch. */
  const serving = new Set<string>()
  let epoch = 0
  let ended: (() => TetherError) | undefined
  let tail: Promise<void> = Promise.resolve()
  let enter = (): void => {}
  let refused: { error: unknown } | undefined
  let hand!: (message: Message) => void

  const birpc = createBirpc<Functions, Functions, false>(allowed(), {
    proxify: false,
    bind: 'functions',
    timeout: -1,
    post,
    on: (handler) => {
      hand = handler
    },
    onRequest: async (request, next) => {
      try {
        await deadlines.race(request.m, next())
      } finally {
        pending.delete(request.i!)
      }
    },
    // with a name: an answer could not be sent, and `true` lets birpc answer with the error; without: an own call, which rejects
    onGeneralError: (_error, name) => name !== undefined,
  })

  /** The functions that the other side may call, on an object that inherits nothing. */
  function allowed(): Functions {
    const served: Functions = Object.create(null)
    for (const name of [...local.contract.calls, ...Object.keys(local.contract.events)]) {
      served[name] = async (...args: unknown[]) => {
        enter()
        try {
          return await (local.functions as Functions)[name]!(...args)
        } catch (error) {
          if (Object.hasOwn(local.contract.events, name)) options.failed(error, name)
          // birpc takes a falsy error for success
          throw error || new Error(`"${name}" threw ${String(error)}`)
        }
      }
    }
    return served
  }

  function post(message: Message): void {
    refused = undefined
    try {
      if (message.t === 's') answer(message)
      else ask(message)
    } catch (error) {
      refused = { error }
      throw error
    }
  }

  function ask(message: Request): void {
    const json = JSON.stringify(message)
    // the other side would close the link for a message that is too deep; answers are built here and are flat
    if (!isShallowText(json, limits.depth)) {
      throw new TetherError('ERR_TOO_LARGE', `a message may be nested ${limits.depth} deep, this one is deeper`)
    }
    options.send(json, (remote.events as Record<string, SendOptions>)[message.m] ?? { event: false })
    if (message.i !== undefined) pending.set(message.i, json)
  }

  function answer(message: Answer): void {
    const key = message.i
    if (!serving.has(key)) return
    const reply: Answer = { ...message, i: key.slice(key.indexOf(' ') + 1) }
    if (message.e !== undefined) reply.e = flattenError(message.e)
    options.send(JSON.stringify(reply), { event: false })
    serving.delete(key)
  }

  function checkOpen(): void {
    if (ended) throw ended()
  }

  async function call(name: string, args: unknown[]): Promise<unknown> {
    checkOpen()
    if (calling >= limits.calls) await new Promise<void>((resolve) => queue.push(resolve))
    else if (++calling === 1) options.busy?.(true)
    try {
      checkOpen()
      return await birpc.$call(name, ...args)
    } finally {
      // the place goes to the first that waits: a call made between giving up and taking would overtake it
      const next = queue.shift()
      if (next) next()
      else if (--calling === 0) options.busy?.(false)
    }
  }

  function event(name: string, args: unknown[]): void {
    checkOpen()
    refused = undefined
    // birpc calls post() before its first await, so `refused` is set by now: the app's hot.send() throws instead of rejecting
    birpc.$callEvent(name, ...args).catch(() => {})
    const failure = refused as { error: unknown } | undefined
    if (failure) throw failure.error
  }

  function receive(data: unknown): void {
    const message = readMessage(data, local.contract)
    if (message.t === 's') {
      if (message.e !== undefined) message.e = reviveError(message.e as Parameters<typeof reviveError>[0])
      inOrder(() => hand(message))
    } else {
      if (message.i !== undefined) {
        const key = `${epoch} ${message.i}`
        if (serving.has(key)) return
        serving.add(key)
        const refusal = refuse(message)
        if (refusal) {
          answer({ t: 's', i: key, e: refusal })
          return
        }
        message.i = key
      }
      message.a = message.a.map((argument) => argument ?? undefined)
      tail = tail.then(() => {
        return new Promise((entered) => {
          enter = entered
          hand(message)
        })
      })
    }
  }

  function refuse({ m }: Request): TetherError | undefined {
    if (!isCall(local.contract, m)) {
      return new TetherError('ERR_PROTOCOL', `there is no function ${JSON.stringify(m.slice(0, 64))} to call`)
    }
    if (serving.size <= limits.serving) return undefined
    return new TetherError('ERR_BACKPRESSURE', `${limits.serving} calls are being worked on already; wait for answers`)
  }

  function inOrder(step: () => void): void {
    tail = tail.then(step)
  }

  return {
    remote: caller(remote, call, event),
    receive,
    inOrder,
    attached: deadlines.attached,
    reissue() {
      for (const json of pending.values()) options.send(json, { event: false })
    },
    abandon() {
      epoch++
      serving.clear()
    },
    end(reason) {
      ended = reason
      deadlines.end(reason)
      for (const resume of queue.splice(0)) resume()
    },
  }
}

/** An object with exactly the functions of a contract. */
function caller<F>(
  { calls, events }: Contract<F>,
  call: (name: string, args: unknown[]) => Promise<unknown>,
  event: (name: string, args: unknown[]) => void,
): F {
  const functions: Functions = Object.create(null)
  for (const name of calls) functions[name] = (...args) => call(name, args)
  for (const name of Object.keys(events)) functions[name] = (...args) => event(name, args)
  return functions as F
}
