/** Hands upgrades (WebSockets) to the app: those that are neither Vite's nor ours nor anybody else's. */
import { request as ask, type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Serving } from '../../shared/types.ts'
import type { AppAccess } from './answer-by-app.ts'
import { maxHeaderSize, pairs, requestHeaders } from './forwarded-headers.ts'
import { findApp, printable } from './reach-app.ts'

/** An upgrade on Vite's server. */
export interface UpgradeRequest {
  request: IncomingMessage
  socket: Duplex
  /** The first bytes behind it. */
  head: Buffer
}

/** Has the app answer, or leaves it alone if somebody else has. Never rejects. */
export async function answerUpgrade(access: AppAccess, upgrade: UpgradeRequest): Promise<void> {
  const { request, socket } = upgrade
  const { backend, timeout, say } = access
  socket.on('error', () => {})
  // other listeners of the server's event `upgrade` come first
  await nextTurn()
  if ((socket as { bytesWritten?: number }).bytesWritten) return
  const gone = new AbortController()
  socket.once('close', () => gone.abort())
  if (socket.destroyed) return
  const refuse = (status: number, text: string) => {
    say(`upgrade of ${printable(request.url!)}: ${text}`)
    refuseUpgrade(socket, status, text)
  }
  const place = await findApp(backend, timeout, gone.signal)
  if (gone.signal.aborted || !place) return
  const { name } = place
  if ('outage' in place) {
    if (!place.unsure) refuseUpgrade(socket, 503, `${name} ${place.outage.reason}`)
    return
  }
  if ('starts' in place) return refuse(504, `${name} has not begun to answer requests within ${timeout} ms`)
  const error = await join(upgrade, place.target, timeout)
  if (error === undefined) return
  if (error === 'late') refuse(504, `${name} has not answered within ${timeout} ms (option serve.timeout)`)
  else refuse(502, `${name} has closed the connection before it answered (${error.message})`)
}

/** Answers an upgrade that leads nowhere. */
export function refuseUpgrade(socket: Duplex, status: number, text: string): void {
  const body = `${text}\n`
  const headers = `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers}\r\n\r\n${body}`)
}

/** Joins the two sockets. Resolves when the app has answered, or with why it has not. */
function join(
  { request, socket, head }: UpgradeRequest,
  target: Serving['target'],
  patience: number,
): Promise<Error | 'late' | undefined> {
  return new Promise((resolve) => {
    const { method = 'GET', url = '/', headers } = request
    const upgradeHeaders = ['Connection', 'Upgrade', 'Upgrade', headers.upgrade ?? '']
    const all = [...requestHeaders(request, false), ...upgradeHeaders]
    const asked = ask({ ...target, maxHeaderSize, agent: false, method, path: url, headers: all })
    const timer = setTimeout(() => {
      resolve('late')
      asked.destroy()
    }, patience)
    const close = () => asked.destroy()
    socket.once('close', close)
    const settle = (error?: Error) => {
      clearTimeout(timer)
      resolve(error)
    }
    asked.on('upgrade', (answer, app, appHead) => {
      settle()
      socket.write(headOf(answer), 'latin1')
      if (appHead.length > 0) socket.write(appHead)
      if (head.length > 0) app.write(head)
      for (const [from, to] of [
        [socket, app],
        [app, socket],
      ] as const) {
        from.on('error', () => to.destroy())
        from.once('close', () => to.end())
        from.pipe(to)
      }
    })
    asked.on('response', (answer) => {
      settle()
      // the body ends with the connection
      const plain = pairs(answer.rawHeaders).filter(
        ([name]) => !/^(connection|keep-alive|transfer-encoding)$/i.test(name),
      )
      answer.rawHeaders = [...plain.flat(), 'Connection', 'close']
      socket.write(headOf(answer), 'latin1')
      answer.on('error', () => socket.destroy())
      answer.pipe(socket)
    })
    asked.on('error', settle)
    asked.end()
  })
}

function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = pairs(rawHeaders).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${statusCode} ${statusMessage}\r\n${lines.join('')}\r\n`
}
