/** Every option and argument that users give, wrong in each way: named, with what was expected, what came, and the way out. */
import { expect, test } from 'vitest'
import { connect } from '../../../src/client/runner/connect.ts'
import { tether } from '../../../src/index.ts'
import { checkId, checkOptions, checkStart } from '../../../src/server/options.ts'

/** The error that it throws: `code: message`. */
function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`
  }
  return 'nothing'
}

const wrong = (option: string, where: string, expected: string, received: string) =>
  `ERR_CONFIG: Expected the option '${option}' of ${where} to be ${expected}, got ${received}.`

const STRINGS = 'an array of strings'
const PATHS = 'the path of a file or an array of them'
const SIGNAL = "a signal that a process can listen to, such as 'SIGTERM' or 'SIGINT'"
const TIME = 'milliseconds, from 0 to 2147483647'
const VARIABLE = 'a string, or undefined to remove the variable'
const ATTACHED = 'a boolean or an object { host, port, path, token, allowedHosts }'
const SERVED = 'a boolean or an object { routes, order, reload, timeout }'
const ROUTES = "paths that begin with '/', or regular expressions that begin with '^'"
const PORT = 'an integer from 0 to 65535'
const SERVER = "the name of an environment of Vite's for servers, which 'client' is not"

test.each<[object, string]>([
  [{ entry: '' }, wrong('entry', 'tether()', PATHS, "''")],
  [{ entry: 3 }, wrong('entry', 'tether()', PATHS, '3')],
  [{ entry: ['a.ts', ''] }, wrong('entry', 'tether()', PATHS, "[ 'a.ts', '' ]")],
  [{ environment: 'client' }, wrong('environment', 'tether()', SERVER, "'client'")],
  [{ environment: '' }, wrong('environment', 'tether()', SERVER, "''")],
  [{ args: 'x' }, wrong('args', 'tether()', STRINGS, "'x'")],
  [{ execArgv: ['--inspect', 1] }, wrong('execArgv', 'tether()', STRINGS, "[ '--inspect', 1 ]")],
  [{ env: { A: 1 } }, wrong('A', 'tether({ env })', VARIABLE, '1')],
  [{ env: ['A=1'] }, wrong('env', 'tether()', 'an object of strings', "[ 'A=1' ]")],
  [{ cwd: '' }, wrong('cwd', 'tether()', 'the path of a directory', "''")],
  [{ stdio: 'ignore' }, wrong('stdio', 'tether()', "'inherit' or 'pipe'", "'ignore'")],
  [{ onUnaccepted: 'exit' }, wrong('onUnaccepted', 'tether()', "'restart' or 'reload'", "'exit'")],
  [{ watch: [1] }, wrong('watch', 'tether()', 'a glob or an array of them', '[ 1 ]')],
  [{ ignore: /x/ }, wrong('ignore', 'tether()', 'a glob or an array of them', '/x/')],
  [{ stop: 'SIGINT' }, wrong('stop', 'tether()', 'an object { signal, timeout, drain }', "'SIGINT'")],
  [{ stop: [] }, wrong('stop', 'tether()', 'an object { signal, timeout, drain }', '[]')],
  [{ stop: { signal: 'SIGFOO' } }, wrong('signal', 'tether({ stop })', SIGNAL, "'SIGFOO'")],
  [{ stop: { signal: 'SIGKILL' } }, wrong('signal', 'tether({ stop })', SIGNAL, "'SIGKILL'")],
  [{ stop: { signal: 15 } }, wrong('signal', 'tether({ stop })', SIGNAL, '15')],
  [{ stop: { timeout: -1 } }, wrong('timeout', 'tether({ stop })', TIME, '-1')],
  [{ stop: { timeout: '5s' } }, wrong('timeout', 'tether({ stop })', TIME, "'5s'")],
  [{ stop: { timeout: Number.NaN } }, wrong('timeout', 'tether({ stop })', TIME, 'NaN')],
  [{ stop: { timeout: Number.POSITIVE_INFINITY } }, wrong('timeout', 'tether({ stop })', TIME, 'Infinity')],
  [{ standby: 'no' }, wrong('standby', 'tether()', 'a boolean', "'no'")],
  [{ serve: 'api' }, wrong('serve', 'tether()', SERVED, "'api'")],
  [{ serve: null }, wrong('serve', 'tether()', SERVED, 'null')],
  [{ serve: { routes: 'api' } }, wrong('routes', 'tether({ serve })', ROUTES, "'api'")],
  [{ serve: { routes: ['/api', '^('] } }, wrong('routes', 'tether({ serve })', ROUTES, "[ '/api', '^(' ]")],
  [{ serve: { order: 'first' } }, wrong('order', 'tether({ serve })', "'auto', 'pre' or 'post'", "'first'")],
  [{ serve: { reload: 1 } }, wrong('reload', 'tether({ serve })', 'a boolean', '1')],
  [{ serve: { timeout: -1 } }, wrong('timeout', 'tether({ serve })', TIME, '-1')],
  [{ attach: 5199 }, wrong('attach', 'tether()', ATTACHED, '5199')],
  [{ attach: null }, wrong('attach', 'tether()', ATTACHED, 'null')],
  [{ attach: { port: 65_536 } }, wrong('port', 'tether({ attach })', PORT, '65536')],
  [{ attach: { path: 'x' } }, wrong('path', 'tether({ attach })', "a pathname that begins with '/'", "'x'")],
  [
    { attach: { token: 'hunter2' } },
    wrong('token', 'tether({ attach })', 'a string of at least 16 characters', 'another value'),
  ],
  [
    { attach: { allowedHosts: 'x' } },
    wrong('allowedHosts', 'tether({ attach })', 'true or an array of strings', "'x'"),
  ],
  [{ limits: { calls: '9' } }, wrong('calls', 'tether({ limits })', 'a number greater than 0', "'9'")],
  [{ force: 1 }, wrong('force', 'tether()', 'a boolean', '1')],
  [{ entri: 'x' }, "ERR_CONFIG: Unknown option 'entri' of tether(). Did you mean 'entry'?"],
  [{ stop: { timout: 1 } }, "ERR_CONFIG: Unknown option 'timout' of tether({ stop }). Did you mean 'timeout'?"],
  [{ attach: { prot: 1 } }, "ERR_CONFIG: Unknown option 'prot' of tether({ attach }). Did you mean 'port'?"],
  [
    { limits: { pingafter: 1 } },
    "ERR_CONFIG: Unknown option 'pingafter' of tether({ limits }). Did you mean 'pingAfter'?",
  ],
  [{ stop: { grace: 1 } }, "ERR_CONFIG: Unknown option 'grace' of tether({ stop }). It takes signal, timeout, drain."],
])('tether(%o)', (options, message) => {
  expect(refusal(() => checkOptions(options))).toBe(message)
  expect(refusal(() => tether(options))).toBe(message)
})

test.each<[unknown]>([[3], ['x'], [null], [[]]])('tether(%o): the options are no object', (options) => {
  expect(refusal(() => tether(options as object))).toMatch(
    /^ERR_CONFIG: Expected the options of tether\(\) to be an object, got /,
  )
})

test('what is right is taken, and what is undefined counts as absent', () => {
  const options = {
    ...{ entry: ['a.ts', 'b.ts'], environment: 'backend', args: [], execArgv: ['--inspect'], cwd: '/', stdio: 'pipe' },
    ...{ env: { A: '1', B: undefined }, onUnaccepted: 'reload', watch: '*.x', ignore: [], standby: false, force: true },
    ...{ stop: { signal: 'SIGINT', timeout: 0 }, limits: { calls: 1 } },
    attach: { host: '127.0.0.1', port: 0, path: '/x', token: 'x'.repeat(16), allowedHosts: true },
  }
  expect(refusal(() => checkOptions(options as object))).toBe('nothing')
  const nothing = Object.fromEntries(Object.keys(options).map((name) => [name, undefined]))
  expect(refusal(() => checkOptions(nothing as object))).toBe('nothing')
  expect(refusal(() => checkOptions({ stop: { signal: undefined, timeout: undefined } as never }))).toBe('nothing')
})

test.each<[unknown, unknown, RegExp]>([
  [3, {}, /Expected the entry of hub\.start\(\) to be the path of a file, relative to Vite's root, got 3/],
  ['', {}, /Expected the entry of hub\.start\(\) .*, got ''/],
  [undefined, {}, /Expected the entry of hub\.start\(\) .*, got undefined/],
  ['a.ts', { arg: 1 }, /Unknown option 'arg' of hub\.start\(\)\. Did you mean 'args'\?/],
  ['a.ts', { args: 'x' }, /Expected the option 'args' of hub\.start\(\) to be an array of strings, got 'x'/],
  ['a.ts', { env: { A: 1 } }, /Expected the option 'A' of hub\.start\(\{ env \}\) to be a string, .*got 1/],
  ['a.ts', ['x'], /Expected the options of hub\.start\(\) to be an object \{ args, env \}, got \[ 'x' \]/],
])('hub.start(%o, %o)', (entry, options, message) => {
  expect(refusal(() => checkStart(entry as string, options as object))).toMatch(message)
})

test.each([[3], [''], [{}], [undefined]])('hub.stop(%o)', (id) => {
  expect(refusal(() => checkId(id as string, 'hub.stop()'))).toMatch(
    /^ERR_CONFIG: Expected the id of hub\.stop\(\) to be the id of/,
  )
})

test.each<[object, RegExp]>([
  [{ url: '' }, /Expected the option 'url' of connect\(\) to be the server's hub\.attach\.url, got ''/],
  [{ token: 'a', url: 1 }, /Expected the option 'url' of connect\(\)/],
  [{ url: 'ws://x', token: 12 }, /Expected the option 'token' of connect\(\) .* got another value/],
  [{ wait: -1 }, /Expected the option 'wait' of connect\(\) to be milliseconds, 0 or more, got -1/],
  [{ wait: '60' }, /Expected the option 'wait' of connect\(\) .* got '60'/],
  [{ onUnaccepted: 'exit' }, /Expected the option 'onUnaccepted' of connect\(\)/],
  [{ logger: { info: 'x' } }, /Expected the option 'logger' of connect\(\) to be an object with functions/],
  [{ signal: 'SIGTERM' }, /Expected the option 'signal' of connect\(\) to be an AbortSignal/],
  [{ rot: '/' }, /Unknown option 'rot' of connect\(\)\. Did you mean 'root'\?/],
])('connect(%o)', async (options, message) => {
  await expect(connect(options)).rejects.toThrow(
    expect.objectContaining({ code: 'ERR_CONFIG', message: expect.stringMatching(message) }),
  )
})
