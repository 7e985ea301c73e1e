/** The command line: `vite-tether [our flags] [node flags] <entry> [app args]`. */

import type { CliSettings } from '../server/options.ts'
import { TetherError } from '../shared/errors.ts'
import { didYouMean } from '../shared/util/nearest.ts'
import { insteadOf } from './foreign-flags.ts'
import { nodeFlag, nodeFlags } from './node-flags.ts'

const LOG_LEVELS = ['info', 'warn', 'error', 'silent'] as const

/** The flags and arguments of `vite-tether`. */
export interface Flags {
  /** As given; `undefined` leaves it to the user's Vite config. */
  entry: string | undefined
  /** The app's own arguments. */
  args: string[]
  /** Node's flags with their values. */
  execArgv: string[]
  root: string | undefined
  /** Path of Vite's config file, or `false` for none. */
  config: string | false | undefined
  mode: string | undefined
  once: boolean
  onUnaccepted: 'restart' | 'reload' | undefined
  include: string[]
  exclude: string[]
  /** Milliseconds. */
  delay: number | undefined
  before: string | undefined
  stdin: boolean
  standby: boolean
  ports: boolean
  /** Where an entry whose export answers requests is served. */
  serveAt: CliSettings['serveAt']
  cache: boolean
  /** Forget what the last starts have left. */
  clearCache: boolean
  attach: true | { host?: string; port: number } | undefined
  /** The port of the page; 0 is a free one. */
  ui: number | undefined
  logLevel: (typeof LOG_LEVELS)[number] | undefined
  clearScreen: boolean
  /** Print something and end. */
  print: 'help' | 'version' | undefined
}

type Take = (flags: Flags, value: string, flag: string) => void

/** Flags without a value. */
const SWITCHES: Record<string, (flags: Flags) => void> = {
  '--no-config': (flags) => {
    flags.config = false
  },
  '--once': (flags) => {
    flags.once = true
  },
  '--no-watch': (flags) => {
    flags.once = true
  },
  '--stdin': (flags) => {
    flags.stdin = true
  },
  '--no-standby': (flags) => {
    flags.standby = false
  },
  '--no-ports': (flags) => {
    flags.ports = false
  },
  '--strictPort': (flags) => {
    flags.serveAt.strict = true
  },
  '--no-cache': (flags) => {
    flags.cache = false
  },
  '--clear-cache': (flags) => {
    flags.clearCache = true
  },
  '--clear-screen': (flags) => {
    flags.clearScreen = true
  },
  '--no-clear-screen': (flags) => {
    flags.clearScreen = false
  },
  '--help': (flags) => {
    flags.print = 'help'
  },
  '--version': (flags) => {
    flags.print = 'version'
  },
}

/** Flags with a value. */
const VALUES: Record<string, Take> = {
  '--root': (flags, value) => {
    flags.root = value
  },
  '--config': (flags, value) => {
    flags.config = value
  },
  '--mode': (flags, value) => {
    flags.mode = value
  },
  '--on-unaccepted': (flags, value, flag) => {
    flags.onUnaccepted = oneOf(['restart', 'reload'], value, flag)
  },
  '--include': (flags, value) => {
    flags.include.push(value)
  },
  '--exclude': (flags, value) => {
    flags.exclude.push(value)
  },
  '--delay': (flags, value, flag) => {
    flags.delay = milliseconds(value, flag)
  },
  '--before': (flags, value) => {
    flags.before = value
  },
  '--port': (flags, value, flag) => {
    flags.serveAt.port = portOf(value, flag)
  },
  '--log-level': (flags, value, flag) => {
    flags.logLevel = oneOf(LOG_LEVELS, value, flag)
  },
}

const ATTACH = '--attach'
const UI = '--ui'
const HOST = '--host'
const ALIASES: Record<string, string> = { '-h': '--help', '-v': '--version', '-c': '--config', '-m': '--mode' }

/** A value of `--ui`. Anything else after it is the entry. */
const PORT = /^\d{1,5}$/

/** A value of `--attach`: host and port, `:port` or a port. Anything else after it is the entry. */
const ADDRESS = /^(?:(\[[\da-f:.]+\]|[\w.-]+)?:)?(\d{1,5})$/i

/** A value of `--host` without `=`: an address, or a name with a dot that is no file of code. Anything else after it is the entry. */
const HOSTNAME = /^(?:localhost|[\d.]+|\[?[\da-f]*:[\da-f:.]+\]?|(?!.*\.[cm]?[jt]sx?$)[\w-]+(?:\.[\w-]+)+)$/i

/** Parses what stands after `vite-tether`. Throws `ERR_CONFIG` naming the flag that is wrong. */
export function parseFlags(argv: readonly string[]): Flags {
  const flags: Flags = {
    entry: undefined,
    args: [],
    execArgv: [],
    root: undefined,
    config: undefined,
    mode: undefined,
    once: false,
    onUnaccepted: undefined,
    include: [],
    exclude: [],
    delay: undefined,
    before: undefined,
    stdin: false,
    standby: true,
    ports: true,
    serveAt: {},
    cache: true,
    clearCache: false,
    attach: undefined,
    ui: undefined,
    logLevel: undefined,
    clearScreen: false,
    print: undefined,
  }
  const rest = [...argv]
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') arg = rest.shift()
    else if (arg.startsWith('-') && arg !== '-') {
      takeFlag(flags, arg, rest)
      continue
    }
    flags.entry = arg
    // people who come from tools that need `--` before the app's arguments write it here too
    flags.args = rest[0] === '--' ? rest.slice(1) : rest
    break
  }
  return flags
}

function takeFlag(flags: Flags, arg: string, rest: string[]): void {
  const [, given, value] = /^([^=]+)(?:=(.*))?$/s.exec(arg)! as unknown as [string, string, string | undefined]
  const flag = ALIASES[given] ?? given
  if (Object.hasOwn(SWITCHES, flag)) {
    if (value !== undefined) throw wrong(`Expected the flag ${flag} without a value, got '${arg}'.`)
    SWITCHES[flag]!(flags)
  } else if (Object.hasOwn(VALUES, flag)) {
    VALUES[flag]!(flags, value ?? next(flag, rest), flag)
  } else if (flag === ATTACH) {
    flags.attach = attach(value ?? (ADDRESS.test(rest[0] ?? '') ? rest.shift() : undefined))
  } else if (flag === HOST) {
    const host = value ?? (HOSTNAME.test(rest[0] ?? '') ? rest.shift()! : '')
    flags.serveAt.host = host === '' ? true : host.replace(/^\[|\]$/g, '')
  } else if (flag === UI) {
    const port = value ?? (PORT.test(rest[0] ?? '') ? rest.shift() : undefined)
    flags.ui = port === undefined ? 0 : portOf(port, flag)
  } else takeNodeFlag(flags, arg, flag, rest)
}

function takeNodeFlag(flags: Flags, arg: string, flag: string, rest: string[]): void {
  const node = nodeFlag(flag)
  if (node.kind === 'conflicting') throw wrong(`The flag ${flag} of node does not go with vite-tether. ${node.instead}`)
  const meant = insteadOf(flag)
  if (node.kind === 'unknown' && meant !== undefined) throw wrong(`vite-tether has no flag '${flag}'. ${meant}`)
  if (node.kind === 'unknown') {
    const known = [...Object.keys(SWITCHES), ...Object.keys(VALUES), ATTACH, HOST, UI, ...nodeFlags()]
    // any other letter is as near to one letter
    const similar = /^--?[^-]$/.test(flag) ? '' : didYouMean(flag, known)
    throw wrong(
      `Unknown flag '${flag}'.${similar} ` +
        'Flags of vite-tether and node come before the entry, the arguments of the app after it; see vite-tether --help.',
    )
  }
  flags.execArgv.push(arg)
  if (node.kind === 'with-value' && !arg.includes('=')) flags.execArgv.push(next(flag, rest))
}

function next(flag: string, rest: string[]): string {
  const value = rest.shift()
  if (value === undefined) throw wrong(`Expected a value after the flag ${flag}, got nothing.`)
  return value
}

function oneOf<const T extends string>(values: readonly T[], value: string, flag: string): T {
  if ((values as readonly string[]).includes(value)) return value as T
  throw wrong(`Expected the value of ${flag} to be one of ${values.join(', ')}, got '${value}'.`)
}

function milliseconds(value: string, flag: string): number {
  if (/^\d{1,5}$/.test(value) && Number(value) <= 60_000) return Number(value)
  throw wrong(`Expected the value of ${flag} to be a number of milliseconds from 0 to 60000, got '${value}'.`)
}

function portOf(value: string, flag: string): number {
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value)
  throw wrong(`Expected the value of ${flag} to be a port from 0 to 65535, got '${value}'.`)
}

function attach(value: string | undefined): true | { host?: string; port: number } {
  if (value === undefined) return true
  const [, host, port] = ADDRESS.exec(value) ?? []
  if (port === undefined || Number(port) > 65535) {
    throw wrong(`Expected the value of ${ATTACH} to be a port or host:port, got '${value}'.`)
  }
  return host === undefined ? { port: Number(port) } : { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

function wrong(message: string): TetherError {
  return new TetherError('ERR_CONFIG', message)
}
