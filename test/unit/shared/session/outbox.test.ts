import { expect, test } from 'vitest'
import { LIMITS } from '../../../../src/shared/session/limits.ts'
import { Outbox } from '../../../../src/shared/session/outbox.ts'

const limits = { ...LIMITS, outboxCount: 3, outboxBytes: 10 }

/** Writes everything that is not written. */
function write(outbox: Outbox): string[] {
  const written: string[] = []
  for (let item = outbox.peek(); item; item = outbox.peek()) {
    written.push(`${item.seq}:${item.text}`)
    outbox.advance()
  }
  return written
}

function filled(...texts: string[]): Outbox {
  const outbox = new Outbox(limits)
  for (const text of texts) outbox.push(text, text.length, { event: true })
  return outbox
}

test('what is not acknowledged is written again on a new link, under the same numbers', () => {
  const outbox = filled('a', 'b', 'c')
  expect(write(outbox)).toEqual(['1:a', '2:b', '3:c'])
  outbox.rewind()
  outbox.ack(1)
  expect(write(outbox)).toEqual(['2:b', '3:c'])
})

test('an acknowledgement may come while later messages are not written yet', () => {
  const outbox = filled('a', 'b', 'c')
  outbox.peek()
  outbox.advance()
  outbox.ack(1)
  expect(write(outbox)).toEqual(['2:b', '3:c'])
})

test('only numbers that were written can be acknowledged, and none below what was', () => {
  const outbox = filled('a', 'b')
  expect(outbox.canAck(0)).toBe(true)
  expect(outbox.canAck(1)).toBe(false)
  write(outbox)
  expect(outbox.canAck(2)).toBe(true)
  outbox.ack(2)
  expect(outbox.canAck(1)).toBe(false)
  expect(outbox.size).toBe(0)
})

test('events are bounded by count and by bytes', () => {
  expect(filled('a', 'b').fits(1, true, false)).toBe(true)
  expect(filled('a', 'b', 'c').fits(1, true, false)).toBe(false)
  expect(filled('aaaaa', 'bbbb').fits(1, true, false)).toBe(true)
  expect(filled('aaaaa', 'bbbb').fits(2, true, false)).toBe(false)
})

test('room comes back with the acknowledgement', () => {
  const outbox = filled('aaa', 'bbb', 'ccc')
  write(outbox)
  outbox.ack(2)
  expect(outbox.bytes).toBe(3)
  expect(outbox.fits(7, true, false)).toBe(true)
  expect(outbox.fits(8, true, false)).toBe(false)
})

test('calls and answers count only while there is no link', () => {
  const outbox = filled('a', 'b', 'c')
  expect(outbox.fits(100, false, false)).toBe(true)
  expect(outbox.fits(100, false, true)).toBe(false)
})

test('one message is always let in', () => {
  expect(new Outbox(limits).fits(100, true, true)).toBe(true)
})

test('a resync takes the place of everything and goes on with the numbers', () => {
  const outbox = filled('a', 'b', 'c')
  write(outbox)
  outbox.replace('overflow')
  outbox.push('d', 1, { event: true })
  expect(write(outbox)).toEqual(['4:overflow', '5:d'])
  expect(outbox.canAck(1)).toBe(true)
  outbox.ack(4)
  expect(outbox.size).toBe(1)
})

test('a new session begins with what is to be sent again', () => {
  const outbox = new Outbox(limits)
  outbox.push('hot 1', 1, { event: true, again: true })
  outbox.push('report', 1, { event: false })
  outbox.push('hot 2', 1, { event: true, again: true })
  write(outbox)
  outbox.ack(1)
  outbox.push('hot 3', 1, { event: true, again: true })
  outbox.restart()
  expect(write(outbox)).toEqual(['1:hot 2', '2:hot 3'])
  expect(outbox.bytes).toBe(2)
})
