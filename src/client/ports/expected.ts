/** How long the end of a process waits for whom. */

/**
 * Milliseconds after which a connection that was made, or has had its answer, is not used at once: to close it takes nobody's request
 * away.
 */
const SOON = 150

/** `true` if a client that was served at `time` is likely to ask at any moment. */
export function isSoon(time: number): boolean {
  return performance.now() - time < SOON
}

/** An answer without an end: what waits for it would wait as long as a browser shows the page. */
export function isStreamOfEvents(contentType: string): boolean {
  return /^text\/event-stream/i.test(contentType)
}
