/** The flags of `vite-tether attach`. */
import { TetherError } from '../shared/errors.ts'
import { didYouMean } from '../shared/util/nearest.ts'

/** The flags and arguments of `vite-tether attach`. */
export interface AttachFlags {
  url: string
  entry: string
  /** The app's own arguments. */
  args: string[]
  root: string | undefined
  name: string | undefined
  tokenFile: string | undefined
  /** Where probes may ask how it is. */
  health: { host?: string; port: number } | undefined
  /** Milliseconds to keep trying before the first connection. */
  wait: number
}

const VALUES: Record<string, (flags: AttachFlags, value: string) => void> = {
  '--root': (flags, value) => {
    flags.root = value
  },
  '--name': (flags, value) => {
    flags.name = value
  },
  '--token-file': (flags, value) => {
    flags.tokenFile = value
  },
  '--health': (flags, value) => {
    const [, host, port] = /^(?:(.+):)?(\d{1,5})$/.exec(value) ?? []
    if (port === undefined || Number(port) > 65_535) {
      throw wrong(`Expected the value of --health to be a port, or host:port, got '${value}'.`)
    }
    flags.health = { port: Number(port), ...(host !== undefined && { host: host.replace(/^\[|\]$/g, '') }) }
  },
  '--wait': (flags, value) => {
    if (!/^\d+(\.\d+)?$/.test(value)) throw wrong(`Expected the value of --wait to be seconds, got '${value}'.`)
    flags.wait = Number(value) * 1000
  },
}

/** Parses what stands after `vite-tether attach`; `'help'` if that is what was asked for. Throws `ERR_CONFIG`. */
export function parseAttachFlags(argv: readonly string[]): AttachFlags | 'help' {
  const flags: AttachFlags = {
    url: '',
    entry: '',
    args: [],
    root: undefined,
    name: undefined,
    tokenFile: undefined,
    health: undefined,
    wait: 0,
  }
  const rest = [...argv]
  const names: string[] = []
  const { TETHER_URL } = process.env
  while (names.length < 2) {
    // the URL is in the environment, and what is there is the entry
    if (TETHER_URL && names.length === 1 && !isUrl(names[0]!)) names.unshift(TETHER_URL)
    if (names.length === 2) break
    const arg = rest.shift()
    if (arg === '--help' || arg === '-h') return 'help'
    if (arg === undefined) {
      const got = names.length === 0 ? 'neither' : isUrl(names[0]!) ? 'no entry' : `no URL but '${names[0]}'`
      throw wrong(`Expected vite-tether attach <url> <entry>, got ${got}. TETHER_URL may stand in for <url>.`)
    }
    if (arg.startsWith('-')) takeFlag(flags, arg, rest)
    else names.push(arg)
  }
  const [url, entry] = names as [string, string]
  return { ...flags, url, entry, args: rest[0] === '--' ? rest.slice(1) : rest }
}

/** As against the path of an entry. */
function isUrl(text: string): boolean {
  return /^[a-z+]+:/i.test(text) && !/^[a-z]:[\\/]/i.test(text)
}

function takeFlag(flags: AttachFlags, arg: string, rest: string[]): void {
  const [, flag, given] = /^([^=]+)(?:=(.*))?$/s.exec(arg)! as unknown as [string, string, string | undefined]
  if (flag === '--token') {
    throw wrong(
      'A token on the command line could be read by every user of this machine. Use --token-file or TETHER_TOKEN.',
    )
  }
  if (!Object.hasOwn(VALUES, flag)) {
    throw wrong(
      `Unknown flag '${flag}' of vite-tether attach.${didYouMean(flag, Object.keys(VALUES))} ` +
        'Flags come before the entry, the arguments of the app after it; flags of node go into NODE_OPTIONS.',
    )
  }
  const value = given ?? rest.shift()
  if (value === undefined) throw wrong(`Expected a value after the flag ${flag}, got nothing.`)
  VALUES[flag]!(flags, value)
}

function wrong(message: string): TetherError {
  return new TetherError('ERR_CONFIG', message)
}
