import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { parseFlags } from '../../../src/cli/flags.ts'
import { nodeFlag } from '../../../src/cli/node-flags.ts'

test('the command line leaves everything after the entry to the app', () => {
  expect(parseFlags(['src/a.ts', '--once', '--port', '1', '--', 'x'])).toMatchObject({
    entry: 'src/a.ts',
    args: ['--once', '--port', '1', '--', 'x'],
    once: false,
  })
})

test('the command line takes a `--` between the entry and its arguments, or before the entry, as what it is', () => {
  expect(parseFlags(['a.ts', '--', '--port', '1'])).toMatchObject({ entry: 'a.ts', args: ['--port', '1'] })
  expect(parseFlags(['--once', '--', '--odd.ts', 'x'])).toMatchObject({ entry: '--odd.ts', args: ['x'], once: true })
})

test('the command line knows its own flags, with their values behind a space or a =', () => {
  const argv = '--root a --config=v.ts -m staging --no-watch --on-unaccepted reload --include x --include=y'
  const more =
    '--exclude z --stdin --no-standby --no-ports --no-cache --clear-cache --port 4000 --host --strictPort --log-level warn --clear-screen a.ts'
  expect(parseFlags(`${argv} ${more}`.split(' '))).toEqual({
    entry: 'a.ts',
    args: [],
    execArgv: [],
    root: 'a',
    config: 'v.ts',
    mode: 'staging',
    once: true,
    onUnaccepted: 'reload',
    include: ['x', 'y'],
    exclude: ['z'],
    stdin: true,
    standby: false,
    ports: false,
    serveAt: { port: 4000, host: true, strict: true },
    cache: false,
    clearCache: true,
    attach: undefined,
    logLevel: 'warn',
    clearScreen: true,
    print: undefined,
  })
  expect(parseFlags(['--no-config', 'a.ts']).config).toBe(false)
})

test('the command line hands the flags of node on, with their values', () => {
  const argv =
    '--inspect=0 --require ./x.cjs -r ./y.cjs --import=z --env-file .env --env-file-if-exists=.l -C dev --no-warnings --max-old-space-size=99 a.ts'
  expect(parseFlags(argv.split(' '))).toMatchObject({
    entry: 'a.ts',
    execArgv: argv.split(' ').slice(0, -1),
  })
})

test.each([
  [['--attach', 'src/a.ts'], true],
  [['--attach', '4000', 'src/a.ts'], { port: 4000 }],
  [['--attach', ':4000', 'src/a.ts'], { port: 4000 }],
  [['--attach=dev-box:4000', 'src/a.ts'], { host: 'dev-box', port: 4000 }],
  [['--attach', '[::1]:4000', 'src/a.ts'], { host: '::1', port: 4000 }],
])('the command line tells the address of --attach from the entry: %j', (argv, attach) => {
  expect(parseFlags(argv)).toMatchObject({ attach, entry: 'src/a.ts' })
})

test('the command line knows what to print', () => {
  expect(parseFlags(['-h']).print).toBe('help')
  expect(parseFlags(['--version']).print).toBe('version')
  expect(parseFlags([]).entry).toBeUndefined()
})

test.each([
  ['--onec', /Unknown flag '--onec'\. Did you mean '--once'\?/],
  ['--inspekt=1', /Unknown flag '--inspekt'\. Did you mean '--inspect'\?/],
  ['--qqqqqqqqqqq', /Unknown flag '--qqqqqqqqqqq'\. Flags of/],
  ['--watch', /--watch of node does not go with vite-tether\. Saves are watched anyway/],
  ['--test-name-pattern=x', /--test-name-pattern of node does not go with vite-tether\. Run tests with Vitest/],
  ['--on-unaccepted=no', /--on-unaccepted to be one of restart, reload, got 'no'/],
  ['--log-level=loud', /--log-level to be one of info, warn, error, silent, got 'loud'/],
  ['--once=yes', /--once without a value, got '--once=yes'/],
  ['--attach=nowhere', /--attach to be a port or host:port, got 'nowhere'/],
  ['--attach=99999', /--attach to be a port or host:port, got '99999'/],
  ['--root', /a value after the flag --root, got nothing/],
  ['--require', /a value after the flag --require, got nothing/],
])('the command line refuses %s by name', (flag, message) => {
  expect(() => parseFlags([flag])).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIG', message: expect.stringMatching(message) }),
  )
})

test('the flags of node have a value of their own exactly where node says so', () => {
  const help = execFileSync(process.execPath, ['--help'], { encoding: 'utf8' })
  // an option as help prints it: `-r, --require=...`; an optional value, `--inspect[=...]`, needs its `=`
  const options = [...help.matchAll(/^ {2}((?:-{1,2}[\w-]+, )*)(--[\w-]+)(=\.\.\.|=\[host:\]port)?(?=\s|$)/gm)]
  const known = options
    .flatMap(([, aliases = '', name = '', value]) =>
      [...aliases.split(', '), name].filter(Boolean).map((flag) => ({ flag, value: value !== undefined })),
    )
    .filter(({ flag }) => ['plain', 'with-value'].includes(nodeFlag(flag).kind))
  expect(known.length).toBeGreaterThan(60)
  expect(known.filter(({ flag, value }) => (nodeFlag(flag).kind === 'with-value') !== value)).toEqual([])
})

test.each([
  [['--host', 'src/a.ts'], true],
  [['--host', 'main.v2.mts'], true],
  [['--host', 'app'], true],
  [['--host', 'my.machine', 'src/a.ts'], 'my.machine'],
  [['--host', 'dev-1.example.org', 'src/a.ts'], 'dev-1.example.org'],
  [['--host', '0.0.0.0', 'src/a.ts'], '0.0.0.0'],
  [['--host', '::', 'src/a.ts'], '::'],
  [['--host', 'localhost', 'src/a.ts'], 'localhost'],
  [['--host=[::1]', 'src/a.ts'], '::1'],
  [['--host=dev-box', 'src/a.ts'], 'dev-box'],
])('%j serves the entry at %s', (argv, host) => {
  expect(parseFlags(argv)).toMatchObject({ entry: host === true ? argv[1] : 'src/a.ts', serveAt: { host } })
})
