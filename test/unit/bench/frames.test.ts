import { expect, test } from 'vitest'
import { countFrames } from '../../../bench/frames.ts'

const upgrade = Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n')

/** An unmasked frame. */
function frame(opcode: number, size: number): Buffer {
  const header = Buffer.alloc(size < 126 ? 2 : size < 65_536 ? 4 : 10)
  header[0] = 0x80 | opcode
  header[1] = size < 126 ? size : size < 65_536 ? 126 : 127
  if (header.length === 4) header.writeUInt16BE(size, 2)
  if (header.length === 10) header.writeBigUInt64BE(BigInt(size), 2)
  return Buffer.concat([header, Buffer.alloc(size, 0x81)])
}

/** The same, masked as a client sends it. */
function masked(opcode: number, size: number): Buffer {
  const plain = frame(opcode, size)
  plain[1]! |= 0x80
  const header = plain.length - size
  return Buffer.concat([plain.subarray(0, header), Buffer.from('mask'), plain.subarray(header)])
}

const stream = Buffer.concat([
  upgrade,
  frame(1, 5),
  frame(2, 300),
  frame(9, 4),
  frame(1, 70_000),
  masked(1, 10),
  frame(1, 0),
])

test('messages of every size are counted, pings and the upgrade are not', () => {
  expect(countFrames()(stream)).toBe(5)
})

test.each([1, 3, 7, 64, 1000])('the count does not depend on how the stream is cut: pieces of %i bytes', (size) => {
  const count = countFrames()
  let sum = 0
  for (let from = 0; from < stream.length; from += size) sum += count(stream.subarray(from, from + size))
  expect(sum).toBe(5)
})
