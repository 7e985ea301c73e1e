/** The app process' end of the hand-over fd: the parent's lines, and its end. The other end is in `server/process/spawn`. */
import { Socket } from 'node:net'
import { TetherError } from '../../shared/errors.ts'
import { HANDOVER_FD, type Handover, type ParentLine } from '../../shared/handover.ts'

/** Events of the parent. */
export interface ParentEvents {
  /** The parent asks for what `signal` does, where signals do not exist. */
  signal(signal: NodeJS.Signals): void
  /** The parent is gone. */
  gone(): void
}

/**
 * Opens the inherited fd, which keeps the process alive until the hand-over has come, and no longer. Rejects with `ERR_START` if
 * this process was not started by a supervisor. If that is gone before it has handed anything over, nobody waits for this process, and
 * nothing settles.
 */
export function readHandover(events: ParentEvents): Promise<Handover> {
  return new Promise((resolve) => {
    const socket = openSocket()
    let rest = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()!
      for (const line of lines) {
        const message = JSON.parse(line) as ParentLine
        if ('signal' in message) events.signal(message.signal as NodeJS.Signals)
        else {
          socket.unref()
          resolve(message.handover)
        }
      }
    })
    // a reset is an end as well
    socket.on('error', () => {})
    socket.on('close', () => events.gone())
  })
}

function openSocket(): Socket {
  try {
    return new Socket({ fd: HANDOVER_FD, readable: true, writable: false })
  } catch (cause) {
    throw new TetherError(
      'ERR_START',
      `Expected to be started by vite-tether, which hands over an address on fd ${HANDOVER_FD}. Run: npx vite-tether <entry>`,
      { cause },
    )
  }
}
