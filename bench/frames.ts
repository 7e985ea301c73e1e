/** Counts WebSocket messages in a stream of bytes. */

const END_OF_HEADERS = '\r\n\r\n'

/**
 * A counter for one direction of one connection: called with each chunk, it answers how many messages with data have begun in
 * it. What comes before the first empty line is the upgrade.
 */
export function countFrames(): (chunk: Buffer) => number {
  let isOpen = false
  let rest = Buffer.alloc(0)
  /** Bytes of a payload that are still to come. */
  let skip = 0

  return (chunk) => {
    let count = 0
    rest = Buffer.concat([rest, chunk])
    if (!isOpen) {
      const end = rest.indexOf(END_OF_HEADERS)
      if (end === -1) return 0
      isOpen = true
      rest = rest.subarray(end + END_OF_HEADERS.length)
    }
    for (;;) {
      const skipped = Math.min(skip, rest.length)
      rest = rest.subarray(skipped)
      skip -= skipped
      const header = skip === 0 ? readHeader(rest) : undefined
      if (!header) return count
      if (header.isMessage) count++
      rest = rest.subarray(header.size)
      skip = header.payload
    }
  }
}

/** RFC 6455, section 5.2. `undefined` while bytes of the header are missing. */
function readHeader(bytes: Buffer): { size: number; payload: number; isMessage: boolean } | undefined {
  if (bytes.length < 2) return undefined
  const opcode = bytes[0]! & 0x0f
  const mask = bytes[1]! & 0x80 ? 4 : 0
  const short = bytes[1]! & 0x7f
  const size = { 126: 4, 127: 10 }[short] ?? 2
  if (bytes.length < size + mask) return undefined
  const payload = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  // neither a continuation nor a control frame
  return { size: size + mask, payload, isMessage: opcode === 1 || opcode === 2 }
}
