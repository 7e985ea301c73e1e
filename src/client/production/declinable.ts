/** An answer that the app begins and somebody else gives: where the app answers with 404. */
import { type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http'
import { Writable } from 'node:stream'

/** The answer to a request. */
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
 * its way. All ways to begin an answer lead to one of four functions. What stands in their place stays there to the end: middleware that
 * compresses, or saves a session, has put its own in front and calls them once more when the answer has begun.
 */
export function unlessMissing(response: ServerResponse, app: () => void, declined: (answer: FileAnswer) => void): void {
  const { writeHead, write, end, flushHeaders } = response
  let isWhose: 'undecided' | 'app' | 'ours' = 'undecided'

  /** `true` if the app's answer, which has the status `status`, is not sent. */
  function isDeclined(status: number): boolean {
    if (isWhose === 'undecided') {
      isWhose = status === 404 && !response.headersSent ? 'ours' : 'app'
      if (isWhose === 'ours') decline()
    }
    return isWhose === 'ours'
  }

  function decline(): void {
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    declined({
      head(status, headers) {
        // without the text, the app's would be sent
        Reflect.apply(writeHead, response, [status, STATUS_CODES[status], headers])
        return bodyOf(response, { write, end })
      },
    })
  }

  Object.assign(response, {
    writeHead(...args: [status: number]) {
      return isDeclined(args[0]) ? response : Reflect.apply(writeHead, response, args)
    },
    write(...args: [unknown]) {
      return isDeclined(response.statusCode) ? (heard(args) ?? true) : Reflect.apply(write, response, args)
    },
    end(...args: [unknown]) {
      return isDeclined(response.statusCode) ? (heard(args) ?? response) : Reflect.apply(end, response, args)
    },
    flushHeaders() {
      if (!isDeclined(response.statusCode)) Reflect.apply(flushHeaders, response, [])
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
