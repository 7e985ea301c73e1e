/**
 * Takes the pipe that Node has opened for `process.send()` off `process`. The app must not find it there: it would hear messages
 * that are not for it, and its end would be an error in the app.
 */
import type { EventEmitter } from 'node:events'
import type { NodeHandle } from '../../shared/ports.ts'

/** The pipe as Node holds it. */
export interface IpcPipe extends NodeHandle {
  readStop(): number
  writeUtf8String(request: { handle?: unknown } | null, text: string, handle?: NodeHandle): number
  /** The socket that has come with the last read. */
  pendingHandle?: NodeHandle | null
  sockets?: unknown
  onread?: unknown
}

/** The properties that Node defines on `process` for an IPC channel. */
const NAMES = [
  'send',
  '_send',
  'connected',
  'disconnect',
  '_disconnect',
  'channel',
  '_channel',
  '_handleQueue',
  '_pendingMessage',
] as const
/** Node's listeners that belong to the pipe, by what stands in their code. */
const OWN_LISTENERS = [
  ['internalMessage', /\bNODE_HANDLE_ACK\b/],
  ['newListener', /\bkPendingMessages\b/],
  ['newListener', /\brefCounted\(/],
  ['removeListener', /\bunrefCounted\(/],
] as const

/** The process as Node's own code sees it. */
type Insides = Record<string | symbol, unknown>

/**
 * Takes the pipe, after which `process` looks as if it had been started without one. Where Node is not as expected nothing is
 * taken, and the reason is returned.
 */
export function takePipe(): IpcPipe | string {
  const insides = process as unknown as Insides
  const symbol = Object.getOwnPropertySymbols(process).find(({ description }) => description === 'kChannelHandle')
  const pipe = symbol && (insides[symbol] as IpcPipe | undefined)
  if (!pipe) return 'process has no kChannelHandle'
  if (typeof pipe.writeUtf8String !== 'function' || typeof pipe.readStop !== 'function') return 'its pipe has no writes'
  const listeners = OWN_LISTENERS.map(
    ([event, code]) =>
      [event, (process as EventEmitter).listeners(event).find((each) => code.test(String(each)))] as const,
  )
  if (listeners.some(([, listener]) => !listener)) return 'process has no listeners for its pipe'

  for (const [event, listener] of listeners) (process as EventEmitter).off(event, listener as () => void)
  strip(insides, [...NAMES, symbol])
  pipe.readStop()
  pipe.pendingHandle = null
  delete pipe.sockets
  return pipe
}

/** Ends the pipe in the public way, with a last word, for a Node that is not as expected. Resolves when it is gone. */
export async function endPipe(lastWord: object): Promise<void> {
  const gone = new Promise<void>((resolve) => process.once('disconnect', () => resolve()))
  await new Promise<void>((resolve) => process.send!(lastWord, () => resolve()))
  // the other end may be gone
  if (process.connected) {
    process.disconnect()
    await gone
  }
  strip(process as unknown as Insides, [...NAMES])
}

function strip(from: Insides, names: readonly (string | symbol)[]): void {
  for (const name of names) delete from[name]
}
