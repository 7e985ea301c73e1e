/**
 * All sessions of one server process, by id: decides which one a new link continues.
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
  /** What both sides know. */
  secret: string
  /** Who has the secret. Supervised runners are known to live, so their sessions are kept for as long as it takes. Default: attached. */
  kind?: Kind
  /** Names this server process. Default: random. */
  boot?: string
  clock?: Clock
  limits?: Partial<Limits>
  /** What a runner may call, made once for each session. */
  functions(session: ServerSession): ServerFunctions
}

export interface Sessions {
  /** Opens a link that has passed the gate. To be called in the tick in which the link came to be. */
  accept(link: Link): void
  list(): ServerSession[]
  /** Ends every session; links that are being opened are closed. `code` 1001 lets the runners come back. */
  close(code?: number, text?: string): Promise<void>
}

/** An empty set of sessions. Throws a `RangeError` for contradicting limits. */
export function createSessions(options: SessionsOptions): Sessions {
  const { secret, kind = 'attached', boot = randomId(), clock = systemClock, functions } = options
  const limits = resolveLimits(options.limits)
  const keys = deriveKeys(secret)
  const sessions = new Map<string, { session: HostedSession; gen: number }>()
  /** Sessions without a link, the one first that has been without it for the longest time. */
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
   * Forgets a session whose runner may come back but need not: most that are gone without a word never do, and with all places
   * kept for them nobody else would get in. A runner that does come back compares what it holds.
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
    // taken before the former link is dropped, which may not deliver anything from here on
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
