/**
 * The sessions of one endpoint, by id. Decides which one a new link continues (PROTOCOL.md section 4).
 */
import { deriveKeys, randomId } from '../../shared/session/auth.ts'
import { type Limits, resolveLimits } from '../../shared/session/limits.ts'
import type { Link } from '../../shared/session/link.ts'
import { challenge, type Decision } from '../../shared/session/opening-server.ts'
import { CLOSE, type HelloFrame, type Kind } from '../../shared/session/protocol.ts'
import type { ServerFunctions } from '../../shared/types.ts'
import { type Clock, systemClock } from '../../shared/util/clock.ts'
import { type HostedSession, hostSession, type ServerSession } from './server-session.ts'

export type { ServerSession, ServerSessionEvents } from './server-session.ts'

export interface SessionsOptions {
  /** The secret, which both sides know. */
  secret: string
  /** The kind of all runners here. Sessions of supervised ones never expire: the hub ends them. @default attached */
  kind?: Kind
  /** The id of this server process. @default random */
  boot?: string
  clock?: Clock
  limits?: Partial<Limits>
  /** Makes the functions that a runner may call, once for each session. */
  functions(session: ServerSession): ServerFunctions
}

export interface Sessions {
  /** Opens a link that has passed the gate. To be called in the tick of its upgrade. */
  accept(link: Link): void
  list(): ServerSession[]
  /** Ends every session; links that are being opened are closed. `code` 1001 lets the runners come back. */
  close(code?: number, text?: string): Promise<void>
}

/** Makes an empty set of sessions. Throws a `RangeError` for contradicting limits. */
export function createSessions(options: SessionsOptions): Sessions {
  const { secret, kind = 'attached', boot = randomId(), clock = systemClock, functions } = options
  const limits = resolveLimits(options.limits)
  const keys = deriveKeys(secret)
  const sessions = new Map<string, { session: HostedSession; gen: number }>()
  /** Sessions without a link; the one that lost its link first comes first. */
  const lost = new Set<HostedSession>()
  /** Links that have not said hello, oldest first. */
  const waiting = new Set<Link>()
  let closed: { code: number; text: string } | undefined

  function decide(link: Link, hello: HelloFrame): Decision {
    const { sid, next, gen } = hello
    const known = sid === undefined ? undefined : sessions.get(sid)
    if (known && gen <= known.gen) return { close: CLOSE.SUPERSEDED, text: 'a newer link was there before' }
    if (known?.session.canResume(hello.recv)) return resume(link, hello, known, hello.recv, true)
    if (known) void known.session.close(CLOSE.SUPERSEDED, 'its counters diverged')
    const reason = sid === undefined ? {} : { reason: known ? 'diverged' : 'unknown-session' }
    const begun = sessions.get(next)
    if (begun && gen <= begun.gen) return { close: CLOSE.SUPERSEDED, text: 'a newer link was there before' }
    if (begun) return { ...resume(link, hello, begun, 0, false), ...reason }
    if (sessions.size >= limits.sessions && !makeRoom()) {
      return { close: CLOSE.TOO_MANY, text: `there are ${limits.sessions} sessions already` }
    }
    return { sid: next, resumed: false, recv: 0, ...reason, attach: () => begin(link, hello) }
  }

  /**
   * Forgets the session that has been without a link for the longest time. Most runners that vanish without `bye` (killed
   * containers) never come back, and their sessions would keep others out for 10 minutes. One that comes back gets a new session
   * and compares what it holds.
   */
  function makeRoom(): boolean {
    const [longest] = kind === 'attached' ? lost : []
    if (!longest) return false
    void longest.close(CLOSE.ENDED, 'its place was needed')
    return true
  }

  function resume(
    link: Link,
    hello: HelloFrame,
    entry: { session: HostedSession; gen: number },
    recv: number,
    resumed: boolean,
  ): Decision {
    entry.gen = hello.gen
    const { session } = entry
    // `recv` is read here, before attach() drops the former link: a message that the former link delivered in between would be
    // missing from the welcome. So from here on it delivers nothing: `attach` is called in the same tick.
    return { sid: session.sid, resumed, recv: session.recv, attach: () => session.attach(link, recv, hello.max) }
  }

  function begin(link: Link, hello: HelloFrame): void {
    const runner = { kind, pid: hello.pid }
    const session = hostSession({ clock, limits, sid: hello.next, hello: runner, functions })
    sessions.set(session.sid, { session, gen: hello.gen })
    session.on('disconnect', () => lost.add(session))
    session.on('resume', () => lost.delete(session))
    session.on('end', () => {
      lost.delete(session)
      sessions.delete(session.sid)
    })
    session.attach(link, 0, hello.max)
  }

  return {
    accept(link) {
      if (closed) return link.close(closed.code, closed.text)
      const [oldest] = waiting
      if (oldest && waiting.size >= limits.waiting) oldest.terminate()
      waiting.add(link)
      challenge(link, {
        clock,
        limits,
        keys,
        boot,
        decide: (hello) => decide(link, hello),
        over: () => waiting.delete(link),
      })
    },
    list: () => [...sessions.values()].map(({ session }) => session),
    async close(code = CLOSE.AWAY, text = 'the server is closing') {
      closed = { code, text }
      for (const link of waiting) link.close(code, text)
      await Promise.all([...sessions.values()].map(({ session }) => session.close(code, text)))
    },
  }
}
