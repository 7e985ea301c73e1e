/** Tells `vite preview`, which has started this process, where it can be asked, and ends with it. */
import type { AddressInfo } from 'node:net'
import { Socket } from 'node:net'
import { PREVIEW_FD, type PreviewTarget } from '../../shared/built-app.ts'
import type { WebServer } from './app-servers.ts'

/** Returns what tells it; `undefined` where there is no preview. To be called before code of the app runs, which is not to see it. */
export function openPreviewChannel(): ((server: WebServer) => void) | undefined {
  const { [PREVIEW_FD]: fd } = process.env
  delete process.env[PREVIEW_FD]
  if (fd === undefined) return undefined
  const channel = new Socket({ fd: Number(fd), readable: true, writable: true })
  channel.on('error', () => {})
  channel.once('close', () => process.kill(process.pid, 'SIGTERM'))
  channel.resume()
  channel.unref()
  return (server) => {
    const { address, port } = server.address() as AddressInfo
    if (port === undefined) return
    const host = address === '::' ? '::1' : address === '0.0.0.0' ? '127.0.0.1' : address
    channel.write(`${JSON.stringify({ host, port } satisfies PreviewTarget)}\n`)
  }
}
