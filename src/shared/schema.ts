/** Checks options and arguments against schemas. The message of each part of a schema says what that part expects. */
import { inspect } from 'node:util'
import * as v from 'valibot'
import { TetherError } from './errors.ts'
import { LONGEST } from './util/clock.ts'
import { didYouMean } from './util/nearest.ts'

/** A schema for each member of `T`. */
type Members<T> = { [Name in keyof Required<T>]: v.GenericSchema<T[Name], unknown> }

/** An object with the members of `T` and no others: the compiler refuses a member that is missing or checked for another type. */
export function object<T extends object>(members: Members<T>, expected: string): v.GenericSchema<T> {
  const names = Object.keys(members)
  const schema = v.strictObject(members as v.ObjectEntries, ({ expected: type, received }) =>
    type === 'never' ? hint(JSON.parse(received) as string, names) : expected,
  )
  return v.pipe(
    v.custom<object>(isObject, expected),
    schema as v.GenericSchema<object>,
  ) as v.GenericSchema<object> as v.GenericSchema<T>
}

/** A string that is not empty. */
export function text(expected: string) {
  return v.pipe(v.string(expected), v.nonEmpty(expected))
}

/** An array of strings, which may be empty. */
export function texts(expected: string) {
  return v.array(v.string(expected), expected)
}

/** One string or several, none of them empty. */
export function oneOrMore(expected: string) {
  return v.union([text(expected), v.array(text(expected), expected)], expected)
}

/** One of these words. */
export function oneOf<const Words extends readonly [string, string, ...string[]]>(...words: Words) {
  const quoted = words.map((word) => `'${word}'`)
  return v.picklist(words, [quoted.slice(0, -1).join(', '), quoted.at(-1)].join(' or '))
}

/** Milliseconds; by default as many as a timer can wait. */
export function milliseconds(most = LONGEST) {
  const expected = `milliseconds, from 0 to ${most}`
  return v.pipe(v.number(expected), v.minValue(0, expected), v.maxValue(most, expected))
}

/** A boolean. */
export const flag = v.boolean('a boolean')

/** Environment variables. */
export const variables = v.pipe(
  v.custom<Record<string, string | undefined>>(isObject, 'an object of strings'),
  v.record(v.string(), v.undefinedable(v.string('a string, or undefined to remove the variable'))),
)

/**
 * Throws `ERR_CONFIG` if `value`, which is `what` of the function `where`, does not fit: it names what is wrong, what was
 * expected, what was received and, for a name that does not exist, the one that was probably meant.
 */
export function check(schema: v.GenericSchema, value: unknown, where: string, what = 'the options'): void {
  const [issue] = v.safeParse(schema, value, { abortEarly: true }).issues ?? []
  if (issue) throw new TetherError('ERR_CONFIG', describe(issue, where, what))
}

function describe({ message, input, ...issue }: v.BaseIssue<unknown>, where: string, what: string): string {
  const path: v.IssuePathItem[] = issue.path ?? []
  // for a wrong member of a list, the error is about the whole list
  const list = path.findIndex(({ type }) => type === 'array')
  const received = list === -1 ? input : path[list]!.input
  const [name, owner] = (list === -1 ? path : path.slice(0, list)).map(({ key }) => String(key)).reverse()
  if (name === undefined) return `Expected ${what} of ${where} to be ${message}, got ${show(received)}.`
  const place = owner === undefined ? where : where.replace('()', `({ ${owner} })`)
  if (path.at(-1)!.origin === 'key') return `Unknown option '${name}' of ${place}.${message}`
  // a secret is never repeated in an error
  const given = name === 'token' ? 'another value' : show(received)
  return `Expected the option '${name}' of ${place} to be ${message}, got ${given}.`
}

/** `true` for an object that is no array: valibot's own object schemas take arrays, too. */
function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hint(name: string, known: readonly string[]): string {
  return didYouMean(name, known) || ` It takes ${known.join(', ')}.`
}

function show(value: unknown): string {
  return inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 100, maxArrayLength: 10 })
}
