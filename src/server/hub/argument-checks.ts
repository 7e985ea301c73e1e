/**
 * Checks the arguments with which a runner calls the server. A runner is another program, perhaps of another version, and its
 * arguments go into events, maps and the terminal.
 */
import { TetherError } from '../../shared/errors.ts'
import type { Applied, RunnerInfo, ServerFunctions, Serving } from '../../shared/types.ts'
import type { InstalledVersions } from '../../shared/versions.ts'

type Shape = (value: unknown) => boolean

const isString: Shape = (value) => typeof value === 'string'
const isNumber: Shape = (value) => typeof value === 'number'
const isArrayOf =
  (shape: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.every(shape)
const isOptional =
  (shape: Shape): Shape =>
  (value) =>
    value === undefined || shape(value)
const isOneOf =
  (...choices: string[]): Shape =>
  (value) =>
    choices.includes(value as string)
const isRecord: Shape = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isObject =
  <T>(members: { [K in keyof Required<T>]: Shape }): Shape =>
  (value) =>
    isRecord(value) &&
    Object.entries<Shape>(members).every(([name, shape]) => shape((value as Record<string, unknown>)[name]))

const isError: Shape = isObject<{ name: string; message: string }>({ name: isString, message: isString })
const isTarget: Shape = (value) =>
  isObject<{ socketPath: string }>({ socketPath: isString })(value) ||
  isObject<{ host: string; port: number }>({ host: isString, port: isNumber })(value)
const isUpdate: Shape = isObject<Applied['updates'][number]>({ boundary: isString, accepted: isString })

const SHAPES: {
  [K in Exclude<keyof ServerFunctions, 'settled' | 'begun' | 'inspected'>]: [expected: string, ...Shape[]]
} = {
  init: [
    '{ name, kind, pid, host, root, app?, versions? }',
    isObject<RunnerInfo>({
      name: isString,
      kind: isOneOf('supervised', 'attached', 'helper'),
      pid: isNumber,
      host: isString,
      root: isString,
      app: isOptional(isString),
      versions: isOptional(isObject<InstalledVersions>({ tether: isString, node: isString })),
    }),
  ],
  fetch: [
    'a specifier, an importer or nothing, a boolean or nothing',
    isString,
    isOptional(isString),
    isOptional((value) => typeof value === 'boolean'),
  ],
  compare: ['an object of hashes', (value) => isRecord(value) && Object.values(value as object).every(isString)],
  hot: [
    "{ type: 'custom', event }",
    isObject<{ type: string; event: string }>({ type: isOneOf('custom'), event: isString }),
  ],
  applied: [
    '{ seq, outcome, ms, evaluated, updates }, a number or nothing',
    isObject<Applied>({
      seq: isNumber,
      outcome: isOneOf('updated', 'reloaded', 'unaffected', 'unaccepted', 'failed'),
      ms: isNumber,
      evaluated: isNumber,
      updates: isArrayOf(isUpdate),
      chain: isOptional(isArrayOf(isString)),
      reason: isOptional(isString),
      error: isOptional(isError),
    }),
    isOptional(isNumber),
  ],
  ready: ['a number or nothing', isOptional(isNumber)],
  waiting: ['a number', isNumber],
  serving: [
    '{ kind, target, what?, taken? } or nothing',
    isOptional(
      isObject<Serving>({
        kind: isOneOf('fetch', 'handler', 'listening'),
        target: isTarget,
        what: isOptional(isString),
        taken: isOptional(isNumber),
      }),
    ),
  ],
  loaded: ['an object of times', (value) => isRecord(value) && Object.values(value as object).every(isNumber)],
}

/** Throws `ERR_PROTOCOL` if the arguments with which a runner called a function are not those of the contract. */
export function checkArguments(name: keyof typeof SHAPES, ...args: unknown[]): void {
  const [expected, ...shapes] = SHAPES[name]
  if (shapes.every((shape, index) => shape(args[index]))) return
  // the message does not repeat the arguments, which may be of any size and content
  throw new TetherError(
    'ERR_PROTOCOL',
    `Expected the arguments of ${name}() to be ${expected}, got something else. Do both sides run the same version of vite-tether?`,
  )
}
