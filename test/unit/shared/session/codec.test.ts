import { expect, test } from 'vitest'
import {
  decode,
  decodeLive,
  decodeOpening,
  encode,
  encodeMessage,
  isShallow,
  isShallowText,
} from '../../../../src/shared/session/codec.ts'
import { LIMITS } from '../../../../src/shared/session/limits.ts'

const ID = 'abcdefghijklmnopqrstuv'
const MAC = `${ID}${ID}`.slice(0, 43)
const hello = { t: 'hello', v: 1, nonce: ID, gen: 1, recv: 0, next: ID, max: 1, kind: 'attached', pid: 1, proof: MAC }
const protocolError = expect.objectContaining({ code: 'ERR_PROTOCOL' })

/** The error of reading `text`. */
function refusal(text: string | undefined): unknown {
  try {
    return decode(text, LIMITS)
  } catch (error) {
    return error
  }
}

test('a message is read as it was written, and its content is not parsed twice', () => {
  const text = encodeMessage(3, 2, JSON.stringify({ t: 'q', m: 'hot', a: ['\u2028"'] }))
  expect(decode(text, LIMITS)).toEqual({ t: 'msg', s: 3, a: 2, d: { t: 'q', m: 'hot', a: ['\u2028"'] } })
})

test('every other frame is read as it was written', () => {
  for (const frame of [
    { t: 'challenge', v: [1, 2], boot: ID, nonce: ID },
    { ...hello, sid: ID },
    { t: 'welcome', v: 1, sid: ID, resumed: false, recv: 0, max: 1, reason: 'overflow', proof: MAC },
    { t: 'ack', a: 0 },
    { t: 'ping', n: 0 },
    { t: 'pong', n: 7 },
    { t: 'resync', s: 1, a: 0, reason: 'overflow' },
    { t: 'bye', code: 1000, text: '' },
  ]) {
    expect(decode(encode(frame as never), LIMITS)).toEqual(frame)
  }
})

test('members that are not known are ignored', () => {
  expect(decode('{"t":"ack","a":1,"later":{"x":1},"__proto__":{"a":2}}', LIMITS)).toMatchObject({ t: 'ack', a: 1 })
})

const msg = (s: string): string => `{"t":"msg","s":${s},"a":0,"d":{}}`
test.each([
  ['a binary message', undefined],
  ['no JSON', 'hello'],
  ['nothing', ''],
  ['null', 'null'],
  ['an array', '[]'],
  ['a number', '1'],
  ['no type', '{}'],
  ['a type of later versions', '{"t":"later"}'],
  ['an inherited name as type', '{"t":"constructor"}'],
  ['a number 0', msg('0')],
  ['a negative number', msg('-1')],
  ['a fraction', msg('1.5')],
  ['a number as text', msg('"1"')],
  ['a number above 2^53', msg('9007199254740993')],
  ['a number that is none', msg('NaN')],
  ['an infinite number', msg('1e999')],
  ['no content', '{"t":"msg","s":1,"a":0}'],
  ['no acknowledgement', '{"t":"msg","s":1,"d":{}}'],
  ['an inherited acknowledgement', '{"t":"ack","__proto__":{"a":1}}'],
  ['a nested message', `{"t":"msg","s":1,"a":0,"d":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
  ['an id of the wrong length', JSON.stringify({ ...hello, next: 'short' })],
  ['an id with other characters', JSON.stringify({ ...hello, next: `${ID.slice(1)}!` })],
  ['a proof that is no MAC', JSON.stringify({ ...hello, proof: ID })],
  ['a kind of its own', JSON.stringify({ ...hello, kind: 'admin' })],
  ['an oversized hello', JSON.stringify({ ...hello, more: 'x'.repeat(LIMITS.hello) })],
  ['an oversized bye', JSON.stringify({ t: 'bye', code: 1, text: '', more: 'x'.repeat(LIMITS.frame) })],
])('a frame is refused: %s', (_what, text) => {
  expect(refusal(text)).toEqual(protocolError)
})

test('a refusal does not quote what was received', () => {
  expect(String(refusal('{"t":"hello","proof":"s3cret"'))).not.toContain('s3cret')
  expect(String(refusal('{"t":"s3cret"}'))).not.toContain('s3cret')
  expect(String(refusal('{"t":"ack","a":"s3cret"}'))).not.toContain('s3cret')
})

test('opening frames and live frames are told apart', () => {
  expect(() => decodeLive(JSON.stringify(hello), LIMITS)).toThrow(protocolError)
  expect(() => decodeOpening('{"t":"ack","a":0}', 'hello', LIMITS)).toThrow(protocolError)
  expect(() => decodeOpening(JSON.stringify(hello), 'welcome', LIMITS)).toThrow(protocolError)
  expect(decodeOpening(JSON.stringify(hello), 'hello', LIMITS).gen).toBe(1)
})

test('depth is counted exactly, and in text as in data', () => {
  const nested = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`
  for (const depth of [1, 4, 5, 6, 20]) {
    expect(isShallow(JSON.parse(nested(depth)), 5), String(depth)).toBe(depth <= 5)
    expect(isShallowText(nested(depth), 5), String(depth)).toBe(depth <= 5)
  }
  expect(isShallow('text', 0)).toBe(true)
  expect(isShallowText(JSON.stringify('[[[["{{{{\\'), 1)).toBe(true)
  expect(isShallowText(JSON.stringify([[], [], [], [], [{ a: '"[' }]]), 2)).toBe(true)
})
