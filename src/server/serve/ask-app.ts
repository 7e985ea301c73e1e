/**
 * One request to the app and its answer, as they come: nothing is collected, and each side learns that the other has gone. No library does
 * this with trailers, `100-continue`, HTTP/2 and a second try; see ARCHITECTURE.md.
 */
import { type Agent, request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Serving } from '../../shared/types.ts'
import type { AwaitedBodies } from './awaited-bodies.ts'
import { copyHead, hasBody, maxHeaderSize, requestHeaders, trailersOf } from './forwarded-headers.ts'

/** Milliseconds after which a body is sent to an app that does not know `Expect: 100-continue`. */
const CONTINUE = 1000

/** Options of a request to the app. */
export interface AskOptions {
  target: Serving['target']
  /** As the client has sent it. */
  path: string
  /** Keeps connections. */
  agent: Agent
  /** Requests whose client waits for `100 Continue`. */
  awaited: AwaitedBodies
  /** Milliseconds in which the answer must begin. */
  patience: number
  /** `true` if an answer with this status is for somebody else to give. */
  declines: (status: number) => boolean
}

/**
 * `answered`: the answer has begun. `declined`: it has not, and somebody else is to answer. `gone`: nobody waits for it any more. `late`: it
 * has not come in time. `failed`: the connection broke before it; `isAsked` unless nothing was sent, `wasKept` if it was an old one.
 */
export type Asked =
  | { is: 'answered'; ended: Promise<Error | undefined> }
  | { is: 'declined' }
  | { is: 'gone' }
  | { is: 'late' }
  | { is: 'failed'; error: Error; isAsked: boolean; wasKept: boolean }

/** `true` if asking twice is as asking once: no body has gone, and the method promises it. */
export function isRepeatable(request: IncomingMessage): boolean {
  return (request.method === 'GET' || request.method === 'HEAD') && !hasBody(request)
}

/** Asks, and has the app's answer sent. */
export function askApp(request: IncomingMessage, response: ServerResponse, options: AskOptions): Promise<Asked> {
  const { target, path, agent, awaited, patience, declines } = options
  const withBody = hasBody(request)
  const expects = withBody && awaited.has(request)
  return new Promise((resolve) => {
    let isAsked = false
    const asked = ask({
      ...target,
      maxHeaderSize,
      // a kept connection may end just as it is used, and this request could not be repeated then
      agent: isRepeatable(request) ? agent : false,
      method: request.method!,
      path,
      // an app that is told to close the connection may do so before it has read the body, and its answer would be lost
      headers: [...requestHeaders(request, expects), 'Connection', 'keep-alive'],
    })
    const settle = (result: Asked) => {
      clearTimeout(timer)
      resolve(result)
    }
    const timer = setTimeout(() => {
      settle({ is: 'late' })
      asked.destroy()
    }, patience)
    const leave = () => {
      if (response.writableFinished) return
      settle({ is: 'gone' })
      asked.destroy()
    }
    response.once('close', leave)
    if (response.destroyed) leave()

    let isSending = false
    const sendBody = () => {
      if (isSending) return
      isSending = true
      request.on('data', () => timer.refresh())
      request.pipe(asked, { end: false })
      request.once('end', () => {
        asked.addTrailers(trailersOf(request) as never)
        asked.end()
      })
    }
    const begin = () => {
      isAsked = true
      if (!withBody) return asked.end()
      asked.flushHeaders()
      if (!expects) return sendBody()
      const fallback = setTimeout(sendBody, CONTINUE)
      asked.once('continue', sendBody)
      asked.once('close', () => clearTimeout(fallback))
      asked.once('response', () => clearTimeout(fallback))
    }
    // before that no byte of the body is taken, so that it can be sent elsewhere
    asked.once('socket', (socket) => (socket.connecting ? socket.once('connect', begin) : begin()))

    asked.on('response', (answer) => {
      // an app may answer before it has all, and take no more
      const dropBody = () => {
        request.unpipe(asked)
        request.resume()
      }
      asked.on('error', dropBody)
      if (declines(answer.statusCode!)) {
        answer.resume()
        response.off('close', leave)
        return settle({ is: 'declined' })
      }
      try {
        copyHead(answer, response)
      } catch (error) {
        settle({ is: 'failed', error: error as Error, isAsked: true, wasKept: false })
        return void asked.destroy()
      }
      // with the first bytes of the body if these have come along, alone if the app takes its time for them
      setImmediate(() => response.headersSent || response.destroyed || response.flushHeaders())
      settle({ is: 'answered', ended: sendAnswer(answer, response) })
      answer.once('close', () => {
        if (withBody && !asked.writableFinished) {
          dropBody()
          asked.destroy()
        }
      })
    })
    asked.on('error', (error) => {
      response.off('close', leave)
      settle({ is: 'failed', error, isAsked, wasKept: asked.reusedSocket })
    })
    asked.on('close', () => {
      // an answer that no listener is for, as one with status 101
      const error = new Error('it sent no answer')
      settle({ is: 'failed', error, isAsked, wasKept: false })
    })
  })
}

/** Resolves when the answer has ended; with an error if the app has broken it off. */
function sendAnswer(answer: IncomingMessage, response: ServerResponse): Promise<Error | undefined> {
  return new Promise((resolve) => {
    let error: Error | undefined
    answer.on('error', (cause) => {
      error = cause
    })
    answer.pipe(response, { end: false })
    answer.once('end', () => {
      if (answer.rawTrailers.length > 0) response.addTrailers(trailersOf(answer) as never)
      response.end()
    })
    answer.once('close', () => {
      if (answer.complete || response.destroyed) return resolve(undefined)
      response.destroy()
      resolve(error ?? new Error('it has not ended its answer'))
    })
  })
}
