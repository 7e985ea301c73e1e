/** Upgrade requests as raw text, for what no client of ours sends. */
import { connect } from 'node:net'
import { deriveKeys } from '../../src/shared/session/auth.ts'

/** The headers of an upgrade that would be let in. */
export function headersFor(secret: string): Record<string, string> {
  return {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol': 'tether.v1',
    Authorization: `Bearer ${deriveKeys(secret).gate}`,
  }
}

/** Sends an upgrade request as raw text; resolves with all that comes back when the other side closes, or has upgraded. */
export function knock(url: string, headers: Record<string, string | undefined>, path = '/__tether'): Promise<string> {
  const { hostname, port, host } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket.setEncoding('latin1').on('data', (chunk) => {
      answer += chunk
      if (answer.startsWith('HTTP/1.1 101')) socket.destroy()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
    const lines = Object.entries({ Host: host, ...headers }).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}: ${value}`],
    )
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  })
}
