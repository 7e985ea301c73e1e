/**
 * The runner's end of a session: keeps a link to the server for as long as it may take, and says what became of it.
 */
import { EventEmitter } from 'node:events'
import { createDebug } from 'obug'
import { TetherError } from '../../shared/errors.ts'
import { RUNNER_CONTRACT, SERVER_CONTRACT } from '../../shared/rpc/contract.ts'
import { createRpc } from '../../shared/rpc/rpc.ts'
import { randomId } from '../../shared/session/auth.ts'
import { type Limits, resolveLimits } from '../../shared/session/limits.ts'
import type { Link } from '../../shared/session/link.ts'
import { CLOSE, type Kind, type WelcomeFrame } from '../../shared/session/protocol.ts'
import { type Detach, Session } from '../../shared/session/session.ts'
import type { RunnerFunctions, ServerFunctions } from '../../shared/types.ts'
import { type Clock, systemClock } from '../../shared/util/clock.ts'
import type { Dial } from './dial.ts'
import { createHold } from './keep-alive.ts'
import { createLoop } from './reconnect.ts'

/** Milliseconds for which a lost link is tried again, unless told otherwise. */
const PATIENCE = 600_000

const debug = createDebug('vite-tether:session')

/** The kind of a loss of messages. */
export interface Resync {
  /** `overflow`, `unknown-session`, `diverged`, or a reason of a later server. */
  reason: string
  /** `true`: the server holds nothing of this runner any more, not even what `init` said. */
  fresh: boolean
  /** `true`: it is another server process, so versions of modules start anew. */
  rebooted: boolean
}

/** Events of a session. */
export type ClientSessionEvents = {
  /** The link is gone. Messages sent from now on are kept, and go out on the next link. */
  disconnect: [why: Detach]
  /** There is a link again and nothing was lost. */
  resume: []
  /**
   * Messages were lost. Calls without an answer have been issued again by now, and custom events that the server had not
   * taken sent again; it is for the listener to call `init` (if `fresh`) and `compare`.
   */
  resync: [what: Resync]
  /** For good: by `close()` (no error), or by the server, a fatal refusal or exhausted patience. */
  end: [error: TetherError | undefined]
  /** A function for an event of the server threw. Without a listener it is thrown. */
  error: [error: unknown, name: string]
}

/** A runner's conversation with its server. */
export interface ClientSession {
  /** The server's functions. Calls reject and events throw with `ERR_CLOSED` after the end; `hot` throws `ERR_BACKPRESSURE`. */
  readonly rpc: ServerFunctions
  readonly state: 'connected' | 'disconnected' | 'ended'
  on<Name extends keyof ClientSessionEvents>(name: Name, listener: (...args: ClientSessionEvents[Name]) => void): void
  /** Waits until the server has taken what was sent (2 s at most, not at all without a link), then leaves. */
  close(): Promise<void>
  /** Leaves without waiting for anything, so that the server knows of it: for a process that is about to exit. */
  quit(): void
  /** Keeps the process alive even while no call waits. Off by default. */
  ref(): void
  unref(): void
}

export interface SessionSettings {
  /** The secret, which both sides know; a function is called for each attempt. */
  secret: string | (() => string | Promise<string>)
  /** There is no link for a reason that lasts, and attempts go on: see `LoopOptions`. */
  refused?: (error: TetherError) => void
  /** The functions that the server may call. */
  functions: RunnerFunctions
  kind: Kind
  /** Called when something is sent while there is no link. */
  wanted?: () => void
  /** Milliseconds for which the first link is tried; 0 is one attempt. @default 0 */
  wait?: number
  /** Milliseconds for which a lost link is tried again. @default 10 min */
  patience?: number
  /** Ends the session, at any time. */
  signal?: AbortSignal
  clock?: Clock
  limits?: Partial<Limits>
}

/** Opens a session over links of `dial`. `name` is the server's address in messages. Rejects as `openSession` does. */
export function openSessionWith(dial: Dial, name: string, settings: SessionSettings): Promise<ClientSession> {
  return createSession(dial, name, settings, undefined).opened
}

/**
 * A session that has begun before its server: what is sent waits for the first link, at which `resync` is emitted, as after a loss of
 * everything. Keeps nobody alive while it waits, unless a call does.
 */
export function beginSessionWith(dial: Dial, name: string, settings: SessionSettings): ClientSession {
  const { session, opened } = createSession(dial, name, settings, NO_SERVER)
  opened.catch(() => {})
  return session
}

/** The name of a server process that never was. */
const NO_SERVER = ''

function createSession(
  dial: Dial,
  name: string,
  settings: SessionSettings,
  formerBoot: string | undefined,
): { session: ClientSession; opened: Promise<ClientSession> } {
  const { clock = systemClock, signal, functions, secret, kind } = settings
  const limits = resolveLimits(settings.limits)
  const events = new EventEmitter<ClientSessionEvents>()
  const hold = createHold()
  let state: ClientSession['state'] = 'disconnected'
  let referenced = false
  let sid: string | undefined
  let next = randomId()
  let boot = formerBoot
  let drained = (): void => {}
  let leaving: Promise<void> | undefined
  let opened: (session: ClientSession) => void
  let refused: (error: TetherError) => void

  const session = new Session({
    clock,
    limits,
    full: 'refuse',
    deliver: (message) => rpc.receive(message),
    resync: (reason) => resynced({ reason, fresh: false, rebooted: false }),
    detached(why) {
      debug('link to %s lost: %d %s', name, why.code, why.text)
      state = 'disconnected'
      rpc.attached(false)
      // a copy of this runner has resumed the session with our id: this one begins a session of its own
      if (why.code === CLOSE.SUPERSEDED) sid = undefined
      loop.lost(why)
      events.emit('disconnect', why)
    },
    acknowledged() {
      if (session.outbox.size === 0) drained()
    },
    bye: (code, text) => finish(new TetherError('ERR_CLOSED', `${name} ended the session: ${text} (${code})`)),
  })

  const rpc = createRpc<RunnerFunctions, ServerFunctions>({
    clock,
    limits,
    local: { contract: RUNNER_CONTRACT, functions },
    remote: SERVER_CONTRACT,
    send(json, options) {
      if (state === 'disconnected') settings.wanted?.()
      session.send(json, options)
    },
    failed(error, event) {
      if (events.listenerCount('error') > 0) return void events.emit('error', error, event)
      // An event of the server has no caller here. Without a listener for 'error' it becomes an uncaught exception, as with any
      // EventEmitter.
      queueMicrotask(() => {
        throw error
      })
    },
    busy: (waiting) => (waiting ? hold.add() : hold.remove()),
  })

  const loop = createLoop({
    clock,
    limits,
    dial,
    name,
    secret,
    wait: settings.wait ?? 0,
    patience: settings.patience ?? PATIENCE,
    greeting: () => ({ ...(sid !== undefined && { sid }), recv: sid === undefined ? 0 : session.recv, next, kind }),
    welcomed,
    refused: settings.refused ?? (() => {}),
    gaveUp: finish,
  })

  function welcomed(link: Link, frame: WelcomeFrame, newBoot: string): void {
    const expected = frame.resumed ? sid : next
    if (frame.sid !== expected || (frame.resumed ? !session.outbox.canAck(frame.recv) : frame.recv !== 0)) {
      sid = undefined
      throw new TetherError('ERR_PROTOCOL', 'the server welcomed a session that this runner does not have')
    }
    const first = boot === undefined
    const rebooted = !first && boot !== newBoot
    boot = newBoot
    state = 'connected'
    rpc.attached(true)
    if (frame.resumed) {
      session.attach(link, frame.recv, frame.max)
      events.emit('resume')
      return
    }
    sid = next
    next = randomId()
    session.restart()
    if (!first) resynced({ reason: frame.reason ?? 'unknown-session', fresh: true, rebooted })
    session.attach(link, 0, frame.max)
    if (first) opened(self)
  }

  function resynced(what: Resync): void {
    debug('resync with %s: %o', name, what)
    rpc.reissue()
    rpc.inOrder(() => {
      if (state !== 'ended') events.emit('resync', what)
    })
  }

  /** Every way to the end leads here, once. */
  function finish(error?: TetherError): void {
    if (state === 'ended') return
    state = 'ended'
    drained()
    loop.stop()
    signal?.removeEventListener('abort', abort)
    const { code, message, cause } = error ?? new TetherError('ERR_CLOSED', `the session with ${name} was closed`)
    rpc.end(() => new TetherError(code, message, cause === undefined ? undefined : { cause }))
    self.unref()
    refused(new TetherError(code, message, cause === undefined ? undefined : { cause }))
    events.emit('end', error)
  }

  function quit(): void {
    void session.end(CLOSE.NORMAL, 'the process of the runner ended')
    finish()
  }

  function abort(): void {
    void session.end(CLOSE.NORMAL, 'the runner was told to stop')
    finish(new TetherError('ERR_CLOSED', `the session with ${name} was aborted`, { cause: signal?.reason }))
  }

  async function leave(): Promise<void> {
    hold.add()
    try {
      // if the link is lost while this waits, the reconnect loop dials again and the rest is sent on the next link
      if (session.attached && session.outbox.size > 0) {
        await new Promise<void>((resolve) => {
          const cancel = clock.after(limits.closeWait, resolve)
          drained = () => {
            cancel()
            resolve()
          }
        })
      }
      const left = session.end(CLOSE.NORMAL, 'the runner left')
      finish()
      await left
    } finally {
      hold.remove()
    }
  }

  const self: ClientSession = {
    rpc: rpc.remote,
    get state() {
      return state
    },
    on: (event, listener) => void events.on<keyof ClientSessionEvents>(event, listener as never),
    close() {
      if (state !== 'ended') leaving ??= leave()
      return leaving ?? Promise.resolve()
    },
    quit,
    ref() {
      if (referenced || state === 'ended') return
      referenced = true
      hold.add()
    },
    unref() {
      if (!referenced) return
      referenced = false
      hold.remove()
    },
  }

  // one that has begun already waits in silence
  const waits = formerBoot === undefined
  if (waits) hold.add()
  const whole = new Promise<ClientSession>((resolve, reject) => {
    opened = resolve
    refused = reject
    signal?.addEventListener('abort', abort)
    if (signal?.aborted) abort()
    else loop.start()
  })
  return { session: self, opened: waits ? whole.finally(() => hold.remove()) : whole }
}
