/**
 * What a session sees of a connection: text frames, bytes that wait, and an end. Sockets are wrapped at the edge
 * (`wrapSocket`), tests bring a wire of their own.
 */

/** What the present owner of a link wants to hear. */
export interface LinkHandlers {
  /** One whole frame; `undefined` for a binary one. */
  message(text: string | undefined): void
  /** Bytes came in, whether or not they complete a frame. */
  heard(): void
  /** Bytes left. */
  drained(): void
  /** The end, once, however it came about. */
  closed(code: number, text: string): void
}

/** One connection. Whoever owns it assigns `handlers` in the tick in which he gets it. */
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

/** What fits into a close frame, with a little to spare. */
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
