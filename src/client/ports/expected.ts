/** The times for which the end of a process waits for clients that are likely to ask. */
import type { OutgoingHttpHeaders } from 'node:http'

/** Milliseconds after an answer in which its client is likely to ask again: to close the connection then would take that request away. */
const SOON = 150
/** Milliseconds in which a connection that was just made is likely to be used: a busy machine takes its time for keys and certificates. */
const FRESH = 500

/** `true` if a client that was served at `time` is likely to ask at any moment. */
export function isSoon(time: number): boolean {
  return performance.now() - time < SOON
}

/** `true` if a connection that was made at `time`, and has had no answer, is likely to be used at any moment. */
export function isFresh(time: number): boolean {
  return performance.now() - time < FRESH
}

/** A response of HTTP/1 has the head that it has sent as text, a stream of HTTP/2 as headers. */
interface Head {
  readonly _header?: string | boolean | null
  readonly sentHeaders?: OutgoingHttpHeaders
  readonly stream?: { readonly sentHeaders?: OutgoingHttpHeaders }
}

/** An answer without an end: what waits for it would wait as long as a browser shows the page. */
export function isStreamOfEvents(answer: object): boolean {
  const { _header: head, stream, sentHeaders = stream?.sentHeaders } = answer as Head
  if (typeof head === 'string') return /^content-type: *text\/event-stream/im.test(head)
  return String(sentHeaders?.['content-type']).startsWith('text/event-stream')
}
