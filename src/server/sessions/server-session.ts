/**
 * The server's end of one session.
 */

import { EventEmitter } from 'node:events'
import { TetherError } from '../../shared/errors.ts'
import { RUNNER_CONTRACT, SERVER_CONTRACT } from '../../shared/rpc/contract.ts'
import { createRpc } from '../../shared/rpc/rpc.ts'
import type { Limits } from '../../shared/session/limits.ts'
import type { Link } from '../../shared/session/link.ts'
import { CLOSE, type HelloFrame, type Kind } from '../../shared/session/protocol.ts'
import { type Detach, Session } from '../../shared/session/session.ts'
import type { RunnerFunctions, ServerFunctions } from '../../shared/types.ts'
import type { Clock } from '../../shared/util/clock.ts'
import { createDeferred, type Deferred } from '../../shared/util/deferred.ts'

/** Bytes that may be under way to a runner before more code is sent. */
const ROOM = 8 * 1024 * 1024

/** Events of a session. */
export type ServerSessionEvents = {
  /** The link is gone. Messages are kept until there is a new one; `end` may follow at once. */
  disconnect: [why: Pick<Detach, 'code' | 'text'>]
  /** The process has not answered for a while (`true`), or answers again (`false`). Only for supervised runners. */
  silence: [isSilent: boolean]
  /** There is a link again and nothing was lost. */
  resume: []
  /** Messages to the runner were dropped: what it holds is unknown until it calls `compare`. */
  resync: [reason: string]
  /** The session has ended, for good. */
  end: [code: number, text: string]
  /** A function for an event of the runner threw. Without a listener it is thrown. */
  error: [error: unknown, name: string]
}

/** One runner's conversation. Outlives links and Vite's restarts in this process. */
export interface ServerSession {
  readonly sid: string
  /** By the endpoint at which the runner has connected, whatever it says of itself. */
  readonly kind: Kind
  /** The process id that the runner gives. */
  readonly pid: number
  readonly state: 'connected' | 'disconnected' | 'ended'
  /** The runner's functions. Without a link, calls are kept. They throw `ERR_TOO_LARGE`, and `ERR_CLOSED` after the end. */
  readonly rpc: RunnerFunctions
  /** Resolves when at most 8 MiB are not acknowledged, or when messages were dropped or the session has ended. */
  room(): Promise<void>
  on<Name extends keyof ServerSessionEvents>(name: Name, listener: (...args: ServerSessionEvents[Name]) => void): void
  /** Ends the session on both sides. The default code tells the runner not to come back. Resolves when the link is closed. */
  close(code?: number, text?: string): Promise<void>
}

/** The members that `sessions` uses in addition. */
export interface HostedSession extends ServerSession {
  readonly recv: number
  canResume(recv: number): boolean
  attach(link: Link, recv: number, max: number): void
}

export interface HostOptions {
  clock: Clock
  limits: Limits
  sid: string
  hello: Pick<HelloFrame, 'kind' | 'pid'>
  functions(session: ServerSession): ServerFunctions
}

/** Makes a session, which has no link yet. */
export function hostSession({ clock, limits, sid, hello, functions }: HostOptions): HostedSession {
  const events = new EventEmitter<ServerSessionEvents>()
  let state: ServerSession['state'] = 'disconnected'
  let links = 0
  let forget = (): void => {}
  let room: Deferred<void> | undefined

  const session = new Session({
    clock,
    limits,
    full: 'resync',
    deliver: (message) => rpc.receive(message),
    acknowledged: makeRoom,
    resync(reason) {
      rpc.abandon()
      makeRoom()
      // the feed sends a message, then the outbox overflows within that call, then the feed may still note what it has sent: the
      // microtask makes it forget after that
      queueMicrotask(() => events.emit('resync', reason))
    },
    detached(why) {
      state = 'disconnected'
      rpc.attached(false)
      if (hello.kind === 'attached')
        forget = clock.after(limits.expire, () => end(CLOSE.ENDED, `no link for ${limits.expire} ms`))
      events.emit('disconnect', why)
    },
    ...(hello.kind === 'supervised' && { silence: (isSilent: boolean) => void events.emit('silence', isSilent) }),
    bye: end,
  })

  function makeRoom(): void {
    if (state !== 'ended' && session.outbox.bytes > ROOM) return
    room?.resolve()
    room = undefined
  }

  function end(code: number, text: string): void {
    if (state === 'ended') return
    const wasConnected = state === 'connected'
    state = 'ended'
    makeRoom()
    forget()
    rpc.end(() => new TetherError('ERR_CLOSED', `the session of runner ${hello.pid} has ended (${code} ${text})`))
    if (wasConnected) events.emit('disconnect', { code, text })
    events.emit('end', code, text)
  }

  const self: HostedSession = {
    sid,
    kind: hello.kind,
    pid: hello.pid,
    get state() {
      return state
    },
    get rpc() {
      return rpc.remote
    },
    get recv() {
      return session.recv
    },
    room() {
      room ??= createDeferred()
      const { promise } = room
      makeRoom()
      return promise
    },
    on: (name, listener) => void events.on<keyof ServerSessionEvents>(name, listener as never),
    canResume: (recv) => session.outbox.canAck(recv),
    attach(link, recv, max) {
      session.supersede()
      forget()
      state = 'connected'
      rpc.attached(true)
      session.attach(link, recv, max)
      if (links++ > 0) events.emit('resume')
    },
    close(code = CLOSE.ENDED, text = 'the server ended the session') {
      const closed = session.end(code, text)
      end(code, text)
      return closed
    },
  }

  const rpc = createRpc<ServerFunctions, RunnerFunctions>({
    clock,
    limits,
    local: { contract: SERVER_CONTRACT, functions: functions(self) },
    remote: RUNNER_CONTRACT,
    send: (json, options) => session.send(json, options),
    failed(error, name) {
      if (events.listenerCount('error') > 0) return void events.emit('error', error, name)
      // a rejection here would be swallowed, because birpc does not answer events
      queueMicrotask(() => {
        throw error
      })
    },
  })
  return self
}
