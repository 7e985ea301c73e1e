/**
 * Frames as text and back. Reading is strict: a frame that PROTOCOL.md section 3 does not allow is a `TetherError`.
 */
import { TetherError } from '../errors.ts'
import type { Limits } from './limits.ts'
import type { Frame, LiveFrame, OpeningFrame } from './protocol.ts'

type Fields = Record<string, unknown>

const ID = /^[A-Za-z0-9_-]{22}$/
const MAC = /^[A-Za-z0-9_-]{43}$/
const TYPES = new Set(['challenge', 'hello', 'welcome', 'msg', 'ack', 'ping', 'pong', 'resync', 'bye'])

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const isNumber = (value: unknown): boolean => isCount(value) && value !== 0
const isText = (value: unknown): boolean => typeof value === 'string' && value.length <= 1024
const isId = (value: unknown): boolean => typeof value === 'string' && ID.test(value)
const isMac = (value: unknown): boolean => typeof value === 'string' && MAC.test(value)

/** The check of each member of each frame. A member whose name ends with `?` here may be absent. */
const MEMBERS: Record<string, Record<string, (value: unknown) => boolean>> = {
  challenge: { v: (v) => Array.isArray(v) && v.length <= 64 && v.every(isNumber), boot: isId, nonce: isId },
  hello: {
    v: isNumber,
    nonce: isId,
    gen: isNumber,
    'sid?': isId,
    recv: isCount,
    next: isId,
    max: isNumber,
    kind: (kind) => kind === 'supervised' || kind === 'attached',
    pid: isCount,
    proof: isMac,
  },
  welcome: {
    v: isNumber,
    sid: isId,
    resumed: (resumed) => typeof resumed === 'boolean',
    recv: isCount,
    max: isNumber,
    'reason?': isText,
    proof: isMac,
  },
  msg: { s: isNumber, a: isCount, d: (d) => d !== undefined },
  ack: { a: isCount },
  ping: { n: isCount },
  pong: { n: isCount },
  resync: { s: isNumber, a: isCount, reason: isText },
  bye: { code: isCount, text: isText },
}

function bad(problem: string): TetherError {
  return new TetherError('ERR_PROTOCOL', `the other side sent a frame that is not allowed: ${problem}`)
}

/** The kind of a received value. The value itself may be a secret: no error quotes it. */
function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'number' ? `the number ${value}` : `a value of type ${typeof value}`
}

/**
 * Reads a frame; `undefined` as `text` stands for a binary one.
 * Throws `ERR_PROTOCOL` for anything but a well-formed text frame.
 */
export function decode(text: string | undefined, limits: Limits): Frame {
  if (text === undefined) throw bad('expected text, received a binary message')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    // the parser's own message quotes the text, which may hold a secret
    throw bad(`expected JSON, received ${text.length} characters that are not (${(cause as Error).name})`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw bad(`expected an object, received ${describe(value)}`)
  }
  const frame = value as Fields
  const type = frame.t
  if (typeof type !== 'string' || !TYPES.has(type)) {
    throw bad(`member "t" must be one of ${[...TYPES].join(', ')}, received ${describe(type)}`)
  }
  const limit = type === 'hello' ? limits.hello : type === 'msg' ? Number.POSITIVE_INFINITY : limits.frame
  if (text.length > limit) throw bad(`"${type}" may have ${limit} bytes, received ${text.length}`)
  for (const [key, valid] of Object.entries(MEMBERS[type]!)) {
    const optional = key.endsWith('?')
    const name = optional ? key.slice(0, -1) : key
    const member = Object.hasOwn(frame, name) ? frame[name] : undefined
    if (optional && member === undefined) continue
    if (!valid(member)) throw bad(`member "${name}" of "${type}" must not be ${describe(member)}`)
  }
  if (type === 'msg' && !isShallow(frame.d, limits.depth)) {
    throw bad(`a message may be nested ${limits.depth} deep, received more`)
  }
  return frame as unknown as Frame
}

/** `true` if JSON data is nested at most `depth` deep. Walks level by level: recursion would overflow on hostile data. */
export function isShallow(data: unknown, depth: number): boolean {
  let level: unknown[] = [data]
  for (let d = 0; level.length > 0; d++) {
    if (d > depth) return false
    const below: unknown[] = []
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue
      for (const child of Array.isArray(value) ? value : Object.values(value)) {
        if (typeof child === 'object' && child !== null) below.push(child)
      }
    }
    level = below
  }
  return true
}

const QUOTE = 34
const BACKSLASH = 92
const OPEN_BRACKET = 91
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

/** `true` if JSON text is nested at most `depth` deep. */
export function isShallowText(json: string, depth: number): boolean {
  // every level takes two brackets, so a text this short cannot be deeper
  if (json.length <= 2 * depth) return true
  let level = 0
  for (let i = 0; i < json.length; i++) {
    // numbers and endOfString() for speed: a message may have megabytes, most of them in strings
    const char = json.charCodeAt(i)
    if (char === QUOTE) i = endOfString(json, i)
    else if (char === OPEN_BRACKET || char === OPEN_BRACE) {
      if (++level > depth + 1) return false
    } else if (char === CLOSE_BRACKET || char === CLOSE_BRACE) level--
  }
  return true
}

/** The index of the quote that ends the string that begins at `start`. */
function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let before = end - 1
    while (json.charCodeAt(before) === BACKSLASH) before--
    if ((end - before) % 2 === 1) return end
  }
  return json.length
}

/** Writes any frame but a message. */
export function encode(frame: Exclude<Frame, { t: 'msg' }>): string {
  return JSON.stringify(frame)
}

/** Writes a message whose content is JSON text already: the outbox keeps text, so that a replay serialises nothing again. */
export function encodeMessage(s: number, a: number, json: string): string {
  return `{"t":"msg","s":${s},"a":${a},"d":${json}}`
}

/** `true` if a frame belongs to the opening of a link. */
function isOpening(frame: Frame): frame is OpeningFrame {
  return frame.t === 'challenge' || frame.t === 'hello' || frame.t === 'welcome'
}

/** Reads a frame of an open link. Throws `ERR_PROTOCOL` for an opening frame too. */
export function decodeLive(text: string | undefined, limits: Limits): LiveFrame {
  const frame = decode(text, limits)
  if (isOpening(frame)) throw bad(`"${frame.t}" on a link that is open already`)
  return frame
}

/** Reads the one opening frame that is expected now. Throws `ERR_PROTOCOL` for any other. */
export function decodeOpening<T extends OpeningFrame['t']>(
  text: string | undefined,
  expected: T,
  limits: Limits,
): Extract<OpeningFrame, { t: T }> {
  const frame = decode(text, limits)
  if (frame.t !== expected) throw bad(`expected "${expected}", received "${frame.t}"`)
  return frame as Extract<OpeningFrame, { t: T }>
}
