import { expect, test } from 'vitest'
import {
  type AppOptions,
  appCommand,
  appEnv,
  type CommandRequest,
  mayStandBy,
  requestedInspector,
} from '../../../../src/server/apps/command.ts'
import type { StartOptions } from '../../../../src/server/hub-types.ts'

const requestOf = (options: AppOptions, more: Partial<CommandRequest> = {}): CommandRequest => ({
  ...{ id: 'main.ts', file: '/app/main.ts', options, start: {}, inspector: undefined },
  ...{ invitation: '/run/invitation', isPrefixed: false, isTerminal: false },
  ...more,
})

const inspector = { host: undefined, port: 9230, pause: undefined }

const CASES: [name: string, options: AppOptions, more: Partial<CommandRequest>, expected: object][] = [
  ['the entry and nothing else', {}, {}, { entry: '/app/main.ts', args: [], stdio: 'inherit', stdin: 'inherit' }],
  ['arguments of the options', { args: ['a'] }, {}, { args: ['a'] }],
  ['arguments of hub.start(), which count for more', { args: ['a'] }, { start: { args: [] } }, { args: [] }],
  ['a folder', { cwd: '/elsewhere' }, {}, { cwd: '/elsewhere' }],
  ['no folder', {}, {}, { cwd: process.cwd() }],
  ['a terminal, whose keys are the shortcuts', {}, { isTerminal: true }, { stdin: 'silent' }],
  ['a terminal that the app is to read', { stdin: 'inherit' }, { isTerminal: true }, { stdin: 'inherit' }],
  ['several apps', {}, { isPrefixed: true }, { stdio: 'pipe' }],
  ['several apps whose output is wanted as it is', { stdio: 'inherit' }, {}, { stdio: 'inherit' }],
]

test.each(CASES)('the command of an app: %s', (_name, options, more, expected) => {
  expect(appCommand(requestOf(options, more), {})).toMatchObject(expected)
})

const FLAGS: [name: string, execArgv: string[], given: typeof inspector | undefined, expected: (string | RegExp)[]][] =
  [
    ['none', [], undefined, []],
    ['those of the user', ['--expose-gc'], undefined, ['--expose-gc']],
    [
      'the inspector, on the port of the app',
      ['--inspect=9229', '--expose-gc'],
      inspector,
      ['--inspect=9230', '--inspect-publish-uid=http', '--expose-gc'],
    ],
    [
      'the inspector, told where to publish',
      ['--inspect', '--inspect-publish-uid=stderr'],
      inspector,
      ['--inspect=9230', '--inspect-publish-uid=stderr'],
    ],
  ]

test.each(FLAGS)('the flags of node, behind the bridge: %s', (_name, execArgv, given, expected) => {
  const [bridge, ...flags] = appCommand(requestOf({ execArgv }, { inspector: given }), {}).execArgv
  expect(bridge).toMatch(/^--import=file:.*bridge\.js\?invitation=%2Frun%2Finvitation&app=main\.ts$/)
  expect(flags).toEqual(expected)
})

type Env = Record<string, string | undefined>
const ENVIRONMENTS: [name: string, options: AppOptions, start: StartOptions, expected: Env][] = [
  ['Vite’s own', {}, {}, { A: 'inherited', B: 'inherited' }],
  ['the options count for more', { env: { A: 'options' } }, {}, { A: 'options', B: 'inherited' }],
  ['hub.start() counts for most', { env: { A: 'options' } }, { env: { A: 'start' } }, { A: 'start', B: 'inherited' }],
  ['undefined takes one away', { env: { A: undefined } }, {}, { A: undefined, B: 'inherited' }],
]

test.each(ENVIRONMENTS)('the environment of an app: %s', (_name, options, start, expected) => {
  const env = appEnv({ A: 'inherited', B: 'inherited' }, { ...requestOf(options), start })
  expect(env).toEqual(expected)
})

test('the inspector of NODE_OPTIONS is the app’s alone: nothing that it starts inherits the flag', () => {
  const inherited = { NODE_OPTIONS: '--inspect=9229 --expose-gc' }
  expect(requestedInspector({}, inherited)).toEqual({ host: undefined, port: 9229, pause: undefined })
  expect(appEnv(inherited, requestOf({}, { inspector })).NODE_OPTIONS).toBe('--expose-gc')
  expect(appEnv(inherited, requestOf({})).NODE_OPTIONS).toBe(inherited.NODE_OPTIONS)
})

const STANDBYS: [name: string, options: AppOptions, more: Partial<CommandRequest>, env: Env, expected: boolean][] = [
  ['a plain app', {}, {}, {}, true],
  ['standby: false', { standby: false }, {}, {}, false],
  ['a single run', { once: true }, {}, {}, false],
  ['an inspector', {}, { inspector }, {}, false],
  ['a preload', { execArgv: ['--import', './x.js'] }, {}, {}, false],
  ['a preload of NODE_OPTIONS', {}, {}, { NODE_OPTIONS: '--require ./x.js' }, false],
  ['coverage', {}, {}, { NODE_V8_COVERAGE: 'coverage' }, false],
  ['a flag that nobody notices', { execArgv: ['--expose-gc'] }, {}, {}, true],
]

test.each(STANDBYS)('whether a standby may be started: %s', (_name, options, more, env, expected) => {
  expect(mayStandBy(requestOf(options, more), env)).toBe(expected)
})
