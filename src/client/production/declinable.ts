/** An answer that the app begins and somebody else gives: where the app answers with 404. */
import { type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http'
import { Writable } from 'node:stream'

/** What a request is answered by. */
export interface FileAnswer {
  /** Sends the head, and returns what takes the body. */
  head(status: number, headers: OutgoingHttpHeaders): Writable
}

/** The answer of `response`, which is nobody else's. */
export function answerOf(response: ServerResponse): FileAnswer {
  return {
    head(status, headers) {
      response.writeHead(status, headers)
      return response
    },
  }
}

/**
 * Has `app` answer. If it answers with 404, nothing of that is sent: `declined` answers, and to the app it looks as if its own answer were on
 * its way. All ways to begin an answer lead to one of these four functions, which frameworks may have wrapped.
 */
export function unlessMissing(response: ServerResponse, app: () => void, declined: (answer: FileAnswer) => void): void {
  const { writeHead, write, end, flushHeaders } = response
  const mine = { writeHead, write, end, flushHeaders }
  const isMissing = () => !response.headersSent && response.statusCode === 404
  const restore = () => Object.assign(response, mine)

  function decline(): void {
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    Object.assign(response, {
      writeHead: () => response,
      write: (...args: unknown[]) => heard(args) ?? true,
      end: (...args: unknown[]) => heard(args) ?? response,
      flushHeaders: () => {},
    })
    declined({
      head(status, headers) {
        // without the text, the app's would be sent
        Reflect.apply(writeHead, response, [status, STATUS_CODES[status], headers])
        return bodyOf(response, mine)
      },
    })
  }

  Object.assign(response, {
    writeHead(status: number, ...rest: [OutgoingHttpHeaders?]) {
      if (status !== 404) return restore().writeHead(status, ...rest)
      decline()
      return response
    },
    write(...args: [unknown]) {
      if (!isMissing()) return restore().write(...args)
      decline()
      return response.write(...args)
    },
    end(...args: [unknown]) {
      if (!isMissing()) return restore().end(...args)
      decline()
      return response.end(...args)
    },
    flushHeaders() {
      if (isMissing()) decline()
      else restore().flushHeaders()
    },
  })
  app()
}

/** Calls back whoever waits for what was not sent. */
function heard(args: readonly unknown[]): undefined {
  const callback = args.at(-1)
  if (typeof callback === 'function') queueMicrotask(() => callback())
}

/** Writes past what the app finds on `response`. */
function bodyOf(response: ServerResponse, { write, end }: Pick<ServerResponse, 'write' | 'end'>): Writable {
  const body = new Writable({
    write(chunk, _encoding, done) {
      Reflect.apply(write, response, [chunk, done])
    },
    final(done) {
      Reflect.apply(end, response, [])
      done()
    },
    destroy(error, done) {
      if (error) response.destroy(error)
      done(error)
    },
  })
  response.once('close', () => body.destroy())
  return body
}
