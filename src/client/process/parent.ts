/** The app process' end of the hand-over fd: the parent's lines, and its end. The other end is in `server/process/spawn`. */
import { readSync } from 'node:fs'
import { Socket } from 'node:net'
import { TetherError } from '../../shared/errors.ts'
import { HANDOVER_FD, type Handover, type KeptPlace, type ParentLine } from '../../shared/handover.ts'
import type { ChildLine } from '../../shared/kept-start.ts'
import { createDeferred } from '../../shared/util/deferred.ts'

/** Milliseconds that a thread which cannot wait in the event loop waits for the server's address. */
const PATIENCE = 60_000
const POLL = 5

/** Events of the parent. */
export interface ParentEvents {
  /** The parent asks for what `signal` does, where signals do not exist. */
  signal(signal: NodeJS.Signals): void
  /** The parent is gone. */
  gone(): void
}

/** The parent. */
export interface Parent {
  /** The place of the start that is kept, if the process may begin with it; resolves with the first line. */
  readonly kept: Promise<KeptPlace | undefined>
  /** Keeps the process alive until it has come, unless `beginAlone` is called. */
  readonly handover: Promise<Handover>
  /** The same for a caller that cannot wait. Blocks the thread; throws `ERR_CLOSED` if there will be no server. */
  handoverNow(): Handover
  tell(line: ChildLine): void
  /** The app begins, and lives as long as it likes: the hand-over comes some time, or never. */
  beginAlone(): void
}

/**
 * Opens the inherited fd. Throws `ERR_START` if this process was not started by a supervisor. If that is gone before it has handed
 * anything over, nobody waits for this process, and nothing settles.
 */
export function openParent(events: ParentEvents): Parent {
  const kept = createDeferred<KeptPlace | undefined>()
  const handover = createDeferred<Handover>()
  let given: Handover | undefined
  const socket = openSocket()
  let rest = ''

  function read(chunk: string): void {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    for (const line of lines) {
      const message = JSON.parse(line) as ParentLine
      if ('signal' in message) events.signal(message.signal as NodeJS.Signals)
      else if ('kept' in message) kept.resolve(message.kept)
      else {
        given = message.handover
        socket.unref()
        kept.resolve(undefined)
        handover.resolve(given)
      }
    }
  }

  socket.setEncoding('utf8')
  socket.on('data', read)
  // a reset is an end as well
  socket.on('error', () => {})
  socket.on('close', () => events.gone())

  const tell = (line: ChildLine): void => {
    if (socket.writable) socket.write(`${JSON.stringify(line)}\n`)
  }
  return {
    kept: kept.promise,
    handover: handover.promise,
    tell,
    beginAlone: () => void socket.unref(),
    handoverNow() {
      if (given) return given
      tell({ say: 'need' })
      for (const end = performance.now() + PATIENCE; !given && performance.now() < end; ) read(readNow())
      if (given) return given
      throw new TetherError('ERR_CLOSED', 'vite-tether has ended before there was a server to ask.')
    },
  }
}

/** Reads the lines that have come by now; waits a little where there are none. The lines are ASCII but for paths, which come in one piece. */
function readNow(): string {
  const buffer = Buffer.alloc(64 * 1024)
  try {
    const length = readSync(HANDOVER_FD, buffer)
    if (length === 0) throw new TetherError('ERR_CLOSED', 'vite-tether has ended before there was a server to ask.')
    return buffer.toString('utf8', 0, length)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL)
    return ''
  }
}

function openSocket(): Socket {
  try {
    return new Socket({ fd: HANDOVER_FD, readable: true, writable: true })
  } catch (cause) {
    throw new TetherError(
      'ERR_START',
      `Expected to be started by vite-tether, which hands over an address on fd ${HANDOVER_FD}. Run: npx vite-tether <entry>`,
      { cause },
    )
  }
}
