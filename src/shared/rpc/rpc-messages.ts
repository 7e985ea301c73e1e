/**
 * Messages as PROTOCOL.md section 8 defines them: birpc's own shapes, checked before birpc sees them.
 */

import { TetherError } from '../errors.ts'
import type { Names } from './contract.ts'

/** A call if it has an id, else an event. */
export interface Request {
  t: 'q'
  i?: string
  m: string
  a: unknown[]
}

/** The answer to a call. */
export interface Answer {
  t: 's'
  i: string
  r?: unknown
  e?: unknown
}

export type Message = Request | Answer

const MAX_ARGUMENTS = 16
const MAX_ID = 64

const isId = (value: unknown): value is string => typeof value === 'string' && value.length <= MAX_ID

/** `true` if `name` is a function that answers. */
export function isCall(contract: Names, name: string): boolean {
  return contract.calls.includes(name)
}

/** Copies the known members of a message. Throws `ERR_PROTOCOL` for a malformed one and for an event that does not exist. */
export function readMessage(data: unknown, contract: Names): Message {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw bad('expected an object')
  const own = (key: string): unknown => (Object.hasOwn(data, key) ? (data as Record<string, unknown>)[key] : undefined)
  const id = own('i')
  switch (own('t')) {
    case 'q': {
      const name = own('m')
      const args = own('a')
      if (typeof name !== 'string') throw bad('"m" must be a string')
      if (!Array.isArray(args) || args.length > MAX_ARGUMENTS)
        throw bad(`"a" must be at most ${MAX_ARGUMENTS} arguments`)
      if (id === undefined) {
        if (!Object.hasOwn(contract.events, name)) throw bad(`there is no event ${JSON.stringify(name.slice(0, 64))}`)
        return { t: 'q', m: name, a: args }
      }
      if (!isId(id)) throw bad(`"i" must be a string of at most ${MAX_ID} characters`)
      return { t: 'q', i: id, m: name, a: args }
    }
    case 's': {
      if (!isId(id)) throw bad(`"i" must be a string of at most ${MAX_ID} characters`)
      const error = own('e')
      if (error === undefined) return { t: 's', i: id, r: own('r') }
      if (!isFlatError(error)) throw bad('"e" must be an error')
      return { t: 's', i: id, e: error }
    }
    default:
      throw bad('"t" must be "q" or "s"')
  }
}

function isFlatError(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { name, message } = value as { name?: unknown; message?: unknown }
  return typeof name === 'string' && typeof message === 'string'
}

function bad(problem: string): TetherError {
  return new TetherError('ERR_PROTOCOL', `the other side sent a message that is not allowed: ${problem}`)
}
