import type { Random } from './flaky.ts'

const TYPES = ['msg', 'ack', 'hello', 'ping', 'resync', 'bye', 'welcome', 'challenge', '__proto__', 'constructor', '']
const VALUES = [
  '-1',
  '0',
  '1',
  '1.5',
  '"1"',
  '9007199254740993',
  '1e400',
  'null',
  '[]',
  '{}',
  'true',
  '{"__proto__":1}',
]
const NAMES = ['"fetch"', '"hot"', '"toString"', '"__proto__"', '"then"', '""', '1', 'null']
const SCRAPS = ['null', '[]', '1', '"x"', 'true', '', '{', '{}', 'NaN', '\u0000']

/** A frame that no peer may send, as text, or as bytes for a binary message or for text that is no UTF-8. */
export function fuzzed(random: Random): string | Buffer {
  const one = (choices: string[]): string => choices[random.below(choices.length)]!
  const value = (): string => one(VALUES)
  switch (random.pick({ bytes: 10, scrap: 10, deep: 1, long: 2, proto: 10, hello: 5, message: 30, frame: 30 })) {
    case 'bytes':
      return Buffer.from(Array.from({ length: 1 + random.below(40) }, () => 128 + random.below(128)))
    case 'scrap':
      return one(SCRAPS)
    case 'deep':
      return `{"t":"msg","s":1,"a":0,"d":${'{"a":'.repeat(10_000)}1${random.chance(0.5) ? '}'.repeat(10_000) : ''}}`
    case 'long':
      return `{"${'k'.repeat(random.below(100_000))}":1}`
    case 'proto':
      return `{"__proto__":{"t":"${one(TYPES)}","s":1},"constructor":{"prototype":{"t":1}}}`
    case 'hello':
      return JSON.stringify({ t: 'hello', v: 1, nonce: 'x'.repeat(22), gen: 1, recv: 0, next: 'y'.repeat(22) })
    case 'message':
      return `{"t":"msg","s":${value()},"a":0,"d":{"t":"${one(['q', 's', 'x'])}","m":${one(NAMES)},"a":${value()},"i":${value()},"e":${value()}}}`
    case 'frame':
      return `{"t":"${one(TYPES)}","s":${value()},"a":${value()},"n":${value()},"d":${value()},"code":${value()},"text":${value()}}`
  }
}
