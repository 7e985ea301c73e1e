/** From flags to the options of the plugin. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { AttachOptions, CliSettings, TetherOptions } from '../server/options.ts'
import type { Reads } from '../server/start/reads.ts'
import type { Flags } from './flags.ts'

/** The settings of one run of the command. */
export interface Settings {
  root: string
  /** Absolute path; `undefined` leaves it to the config. */
  entry: string | undefined
  options: TetherOptions
  cli: CliSettings
  /** Notes the files that the config and its plugins read, where they may read anything. */
  reads?: Reads
}

/** The settings that flags make. */
export function settingsOf(flags: Flags): Settings {
  const root = resolve(flags.root ?? '.')
  const entry = flags.entry === undefined ? undefined : entryPath(flags.entry, root)
  const stdin = hasShortcuts(flags) ? 'silent' : 'inherit'
  return { root, entry, options: optionsOf(flags, entry), cli: { stdin, once: flags.once, serveAt: flags.serveAt } }
}

/** The terminal is read by us, not by the app. */
export function hasShortcuts(flags: Flags): boolean {
  return process.stdin.isTTY && !process.env.CI && !flags.stdin && !flags.once
}

/** The path of an entry. Paths that a shell completes are relative to the working directory, paths of a config to the root. */
function entryPath(entry: string, root: string): string {
  const here = resolve(entry)
  return existsSync(here) ? here : resolve(root, entry)
}

function optionsOf(flags: Flags, entry: string | undefined): TetherOptions {
  const { args, execArgv, onUnaccepted, include, exclude, delay, before, standby, ports, attach } = flags
  return {
    // whoever runs the command wants it to work
    force: true,
    ...(entry !== undefined && { entry, args }),
    ...(execArgv.length > 0 && { execArgv }),
    ...(onUnaccepted && { onUnaccepted }),
    ...(include.length > 0 && { watch: include }),
    ...(exclude.length > 0 && { ignore: exclude }),
    ...(delay !== undefined && { delay }),
    ...(before !== undefined && { before }),
    ...(!standby && { standby }),
    ...(!ports && { ports }),
    ...(attach !== undefined && { attach: { ...(attach === true ? {} : attach), ...token() } satisfies AttachOptions }),
  }
}

/** A token from the environment is for the server, not for the app. */
function token(): { token?: string } {
  const { TETHER_TOKEN: value } = process.env
  delete process.env.TETHER_TOKEN
  return value === undefined ? {} : { token: value }
}
