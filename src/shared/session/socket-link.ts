/**
 * A WebSocket as a link. The socket comes from `server/sessions/listener` or `client/link/dial`; only its shape is known here.
 */
import { clip, IGNORE, type Link, type LinkHandlers } from './link.ts'

/** The members used of a `WebSocket` of `ws`, which must be open. */
export interface OpenSocket {
  readonly bufferedAmount: number
  send(data: string | Uint8Array, options: { binary: boolean; fin: boolean }, written: () => void): void
  close(code: number, reason: string): void
  terminate(): void
  on(event: 'message', listener: (data: { toString(): string }, isBinary: boolean) => void): unknown
  on(event: 'close', listener: (code: number, reason: { toString(): string }) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** The members used of the TCP socket below the WebSocket. */
export interface RawSocket {
  on(event: 'data', listener: () => void): unknown
}

/** Frames above this size go out in parts: bytes that leave reset the timer of `limits.stall`, also in the middle of a frame. */
const FRAGMENT = 64 * 1024
/** Greatest number of bytes of parts that wait in the socket at a time. */
const WINDOW = 4 * FRAGMENT

/** Makes a link of an open WebSocket and the socket below it. */
export function wrapSocket(socket: OpenSocket, raw: RawSocket): Link {
  /** Frames that the socket has not got yet: a large frame of which parts are under way, and the frames behind it. */
  const queue: (string | Uint8Array)[] = []
  let queued = 0
  let offset = 0

  const link = {
    handlers: IGNORE as LinkHandlers,
    get buffered() {
      return queued - offset + socket.bufferedAmount
    },
    send(text: string) {
      if (queue.length === 0 && text.length <= FRAGMENT) return write(text, true)
      const frame = text.length <= FRAGMENT ? text : Buffer.from(text)
      queue.push(frame)
      queued += frame.length
      pump()
    },
    close(code: number, text: string) {
      clear()
      socket.close(code, clip(text))
    },
    terminate() {
      clear()
      socket.terminate()
    },
  }

  function write(data: string | Uint8Array, fin: boolean): void {
    socket.send(data, { binary: false, fin }, written)
  }

  function written(): void {
    link.handlers.drained()
    pump()
  }

  function pump(): void {
    for (let frame = queue[0]; frame !== undefined && socket.bufferedAmount < WINDOW; frame = queue[0]) {
      const part = typeof frame === 'string' ? frame : frame.subarray(offset, offset + FRAGMENT)
      offset += part.length
      const fin = offset === frame.length
      if (fin) {
        queue.shift()
        queued -= frame.length
        offset = 0
      }
      write(part, fin)
    }
  }

  function clear(): void {
    queue.length = queued = offset = 0
  }

  socket.on('message', (data, isBinary) => link.handlers.message(isBinary ? undefined : data.toString()))
  socket.on('close', (code, reason) => link.handlers.closed(code, reason.toString()))
  // without a listener an 'error' would end the process; 'close' follows it and ends the link
  socket.on('error', () => {})
  raw.on('data', () => link.handlers.heard())
  return link
}
