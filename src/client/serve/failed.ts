/** The answer of an app that has failed to give one: nothing of the error, which is for the terminal. */
import type { ServerResponse } from 'node:http'

/** Sends it, or breaks off what has begun, so that nobody takes a part for the whole. */
export function failed(outgoing: ServerResponse): void {
  if (outgoing.writableEnded) return
  if (outgoing.headersSent) outgoing.destroy()
  else outgoing.writeHead(500, { 'content-type': 'text/plain' }).end('Internal Server Error')
}
