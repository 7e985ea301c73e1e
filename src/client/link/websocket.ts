/**
 * Opens WebSockets. Imported by the first attempt to reach a server: TLS and the rest of it take a tenth of a start to load, and an app
 * that begins with kept code may end without a server.
 */
import { connect as connectNet, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type ClientOptions, WebSocket } from 'ws'
import { SUBPROTOCOL } from '../../shared/session/protocol.ts'

/** Opens one. `reached` gets the socket below it. Throws what `ws` throws. */
export function openWebSocket(url: URL, options: ClientOptions, reached: (socket: Socket) => void): WebSocket {
  const createConnection = ({ host, port }: { host: string; port: number }): Socket => {
    const socket = reach(url, host, port)
    reached(socket)
    // by itself a link never keeps a finished app alive; connecting makes a new handle, hence twice
    socket.unref()
    return socket.once('connect', () => socket.unref())
  }
  return new WebSocket(url, SUBPROTOCOL, {
    ...options,
    // its type is that of an overloaded function, of which only this form is called
    createConnection: createConnection as unknown as NonNullable<ClientOptions['createConnection']>,
  })
}

function reach(url: URL, host: string, port: number): Socket {
  if (url.protocol === 'ws+unix:') return connectNet({ path: decodeURI(url.pathname.replace(/:[^:]*$/, '')) })
  if (url.protocol === 'ws:') return connectNet({ host, port, noDelay: true })
  return connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }) }).setNoDelay()
}
