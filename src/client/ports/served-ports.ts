/** Finds the port that a call of `listen` means among those that are open. */
import { type ListenArguments, open } from './listening.ts'
import { inodeOf } from './port-names.ts'
import type { ServedPort } from './served-port.ts'

/** The ports on which servers of this process listen. */
export class ServedPorts {
  readonly #ports = new Set<ServedPort>()

  add(port: ServedPort): void {
    this.#ports.add(port)
  }

  delete(port: ServedPort): void {
    this.#ports.delete(port)
  }

  open(): ServedPort[] {
    for (const port of this.#ports) if (!port.handle) this.#ports.delete(port)
    return [...this.#ports]
  }

  /** The port at just this address. Port 0 is the first of those that newer code has not asked for yet. */
  at([address, number, type, , , flags = 0]: ListenArguments): ServedPort | undefined {
    return this.open().find(({ asked, inode, mayBeTaken }) => {
      const isSame = asked[0] === address && asked[1] === number && asked[2] === type && (asked[5] ?? 0) === flags
      if (!isSame) return false
      // an app that removes the file of a socket before it listens wants another one
      if (number < 0) return inodeOf(address!) === inode
      return number > 0 || mayBeTaken
    })
  }

  /** A port of this number at another address that newer code may have, and because of which that of `args` cannot be bound. */
  rivalOf(args: ListenArguments): ServedPort | undefined {
    const [, number] = args
    if (number <= 0) return undefined
    const rival = this.open().find((port) => port.asked[1] === number && port.mayBeTaken)
    if (!rival) return undefined
    const opened = open(args)
    if (typeof opened === 'object') opened.close()
    return opened === 'EADDRINUSE' ? rival : undefined
  }
}
