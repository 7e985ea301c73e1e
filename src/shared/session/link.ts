/**
 * A connection as the session sees it: text frames, bytes that wait, and an end. `wrapSocket` makes one of a WebSocket; tests
 * bring a wire of their own.
 */

/** The callbacks of the link's present owner. */
export interface LinkHandlers {
  /** A whole frame came in; `undefined` stands for a binary one. */
  message(text: string | undefined): void
  /** Bytes came in, whether or not they complete a frame. */
  heard(): void
  /** Bytes left the socket. */
  drained(): void
  /** The link has ended. Called once, whichever side ended it and however. */
  closed(code: number, text: string): void
}

/** One connection. Its owner assigns `handlers` in the tick in which it gets the link: later, frames would be lost. */
export interface Link {
  handlers: LinkHandlers
  /** Bytes handed to `send` that have not left yet. */
  readonly buffered: number
  send(text: string): void
  /** Closes politely; the link is destroyed if the other side does not answer in time. */
  close(code: number, text: string): void
  /** Destroys the link at once. */
  terminate(): void
}

const nothing = (): void => {}

/** Handlers of a link that nobody owns any more. */
export const IGNORE: LinkHandlers = { message: nothing, heard: nothing, drained: nothing, closed: nothing }

/** Greatest number of bytes of a reason: a close frame takes 123. */
const MAX_REASON = 120

/** Cuts a text to what a close frame can carry, at a character. */
export function clip(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= MAX_REASON) return text
  return bytes
    .subarray(0, MAX_REASON)
    .toString()
    .replace(/\uFFFD+$/, '')
}
