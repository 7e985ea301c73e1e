/**
 * Requests with `Expect: 100-continue`. Node tells the client at once to go on; here it is told when somebody reads the body: the app, by
 * its own `100 Continue`, or whoever else answers.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/** Those of one server. */
export interface AwaitedBodies {
  has(request: IncomingMessage): boolean
}

/** Follows the requests of `server` from now on; `signal` ends that. */
export function awaitBodies(server: Server | undefined, signal: AbortSignal): AwaitedBodies {
  const awaited = new WeakSet<IncomingMessage>()
  const hold = (request: IncomingMessage, response: ServerResponse) => {
    awaited.add(request)
    const { _read } = request
    request._read = (size) => {
      request._read = _read
      awaited.delete(request)
      if (!response.headersSent) response.writeContinue()
      _read.call(request, size)
    }
    server!.emit('request', request, response)
  }
  // somebody else has a rule of their own
  if (server && server.listenerCount('checkContinue') === 0) {
    server.on('checkContinue', hold)
    signal.addEventListener('abort', () => server.off('checkContinue', hold))
  }
  return awaited
}
