/** One request of web standards to the app, and its answer as one: streamed both ways, and each side learns that the other has gone. */
import { type Agent, request as ask, type ClientRequest, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { Serving } from '../../shared/types.ts'
import type { Asked } from './ask-app.ts'
import { endToEnd, headersOf, maxHeaderSize } from './forwarded-headers.ts'

/** Answers with these have no body, and a `Response` with one cannot be made. */
const WITHOUT_BODY = [204, 205, 304]

/** A request to the app. */
export class FetchedRequest {
  readonly #request: Request
  readonly #gone = new AbortController()
  /** All of it was sent. */
  isSent = false
  /** The answer, once it has begun. */
  response: Response | undefined

  constructor(request: Request) {
    this.#request = request
    request.signal.addEventListener('abort', this.#follow)
  }

  /** Aborted when nobody waits for the answer, with the reason. */
  get signal(): AbortSignal {
    return this.#gone.signal
  }

  /** Asking twice is as asking once. */
  get isRepeatable(): boolean {
    const { method } = this.#request
    return method === 'GET' || method === 'HEAD'
  }

  /** Breaks it off, the answer too. */
  abort(reason: unknown): void {
    this.#gone.abort(reason)
  }

  /** It has ended: the client's signal, which may live longer, must not hold it. */
  end(): void {
    this.#request.signal.removeEventListener('abort', this.#follow)
  }

  readonly #follow = (): void => this.abort(this.#request.signal.reason)

  /** Asks, and resolves as soon as the answer has begun. `agent` keeps connections; `patience`: milliseconds until then. */
  ask(target: Serving['target'], agent: Agent, patience: number): Promise<Asked> {
    const { url, method } = this.#request
    const { pathname, search } = new URL(url)
    return new Promise((resolve) => {
      let isAsked = false
      let answer: IncomingMessage | undefined
      const asked = ask({
        ...{ ...target, method, path: pathname + search, headers: headersOf(this.#request), maxHeaderSize },
        // a kept connection may end just as it is used, and only what is read could be asked again then
        agent: this.isRepeatable ? agent : false,
      })
      const settle = (result: Asked) => {
        clearTimeout(timer)
        resolve(result)
      }
      const leave = () => {
        settle({ is: 'gone' })
        answer?.destroy(this.signal.reason)
        asked.destroy()
      }
      const timer = setTimeout(() => {
        settle({ is: 'late' })
        asked.destroy()
      }, patience)
      this.signal.addEventListener('abort', leave)
      // before that nothing of the body is taken, so that it can be sent to another process
      const begin = () => {
        isAsked = true
        this.#send(asked, () => timer.refresh())
      }
      asked.once('socket', (socket) => (socket.connecting ? socket.once('connect', begin) : begin()))
      asked.on('response', (given) => {
        answer = given
        const ended = this.#receive(given)
        if (ended instanceof Error) {
          settle({ is: 'failed', error: ended, isAsked, wasKept: false })
          asked.destroy()
          return
        }
        settle({ is: 'answered', ended })
        given.once('close', () => asked.writableFinished || asked.destroy())
      })
      asked.on('error', (error) => settle({ is: 'failed', error, isAsked, wasKept: asked.reusedSocket }))
      asked.on('close', () => {
        this.signal.removeEventListener('abort', leave)
        // an answer that no listener is for, as one with status 101
        settle({ is: 'failed', error: new Error('it sent no answer'), isAsked, wasKept: false })
      })
    })
  }

  #send(asked: ClientRequest, moved: () => void): void {
    if (!this.#request.body) {
      this.isSent = true
      asked.end()
      return
    }
    // the app may answer before the body begins
    asked.flushHeaders()
    const body = Readable.fromWeb(this.#request.body as never)
    body.on('data', moved)
    body.once('end', () => {
      this.isSent = true
    })
    body.on('error', (error) => this.abort(error))
    // an app may answer before it has all, and take no more
    asked.once('close', () => body.destroy())
    body.pipe(asked)
  }

  /** Resolves when the answer has ended, as in {@link Asked}; an error if web standards have no such answer. */
  #receive(answer: IncomingMessage): Promise<Error | undefined> | Error {
    const isEmpty = this.#request.method === 'HEAD' || WITHOUT_BODY.includes(answer.statusCode!)
    const { body, ended } = bodyOf(answer)
    try {
      this.response = responseOf(answer, isEmpty ? null : body)
    } catch (error) {
      return error as Error
    }
    if (isEmpty) answer.resume()
    return ended
  }
}

/** Throws for a status or a header that web standards do not have. */
function responseOf(answer: IncomingMessage, body: ReadableStream | null): Response {
  const { statusCode: status = 0, statusMessage: statusText = '' } = answer
  const headers = new Headers()
  for (const [name, value] of endToEnd(answer)) headers.append(name, value)
  return new Response(body, { status, statusText, headers })
}

/** The body, of which nothing is read before it is asked for. `ended` resolves with an error if the app has broken it off. */
function bodyOf(answer: IncomingMessage): { body: ReadableStream; ended: Promise<Error | undefined> } {
  let isLeft = false
  let error: Error | undefined
  answer.on('error', (cause) => {
    error = cause
  })
  const chunks = answer[Symbol.asyncIterator]()
  const body = new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel() {
        isLeft = true
        answer.destroy()
      },
    },
    { highWaterMark: 0 },
  )
  const ended = new Promise<Error | undefined>((resolve) => {
    answer.once('close', () => {
      const isEnded = answer.complete || isLeft
      resolve(isEnded ? undefined : (error ?? new Error('it has not ended its answer')))
    })
  })
  return { body, ended }
}
