/** Makes the command and the environment of an app's processes from the options. Pure functions. */
import type { StartOptions } from '../hub-types.ts'
import type { CliSettings, TetherOptions } from '../options.ts'
import type { AppCommand } from '../process/spawn.ts'
import { colorEnv } from '../terminal/prefixed-output.ts'
import { bridgeFlag, MAIN_PATH } from './bootstrap-files.ts'
import { type InspectorRequest, inspectorFlags, takeInspector, takeInspectorOption } from './inspector-flags.ts'
import { envFiles, mayWait } from './standby-rules.ts'

/** The plugin's options, with those of the command. */
export type AppOptions = TetherOptions & Partial<CliSettings>

/** The settings from which an app's command is made. */
export interface CommandRequest {
  /** Id of the app. */
  id: string
  /** Real path of the entry. */
  file: string
  options: AppOptions
  /** The options of `hub.start()`; empty for an entry of the plugin's options. */
  start: StartOptions
  /** The inspector, with the port that the app keeps over restarts; `undefined` without a flag for one. */
  inspector: InspectorRequest | undefined
  /** Path of the file in which the processes that the app starts find the server. */
  invitation: string
  /** Lines of output are printed behind the app's id. */
  isPrefixed: boolean
  /** Vite's own input is a terminal. */
  isTerminal: boolean
}

/** The command of an app's next process; `inherited` is Vite's own environment. */
export function appCommand(request: CommandRequest, inherited: NodeJS.ProcessEnv): AppCommand {
  const { id, file, options, start, inspector, invitation, isPrefixed, isTerminal } = request
  const flags = nodeFlags(options)
  return {
    main: MAIN_PATH,
    entry: file,
    args: start.args ?? options.args ?? [],
    // the bridge comes first: a file that the user preloads may be TypeScript
    execArgv: [bridgeFlag(invitation, id), ...(inspector ? inspectorFlags(inspector, flags) : []), ...flags],
    env: appEnv(inherited, request),
    cwd: workingDirectory(options),
    stdio: options.stdio ?? (isPrefixed ? 'pipe' : 'inherit'),
    // two readers of a terminal split its input: there only the shortcuts (ours or Vite's) read
    stdin: options.stdin ?? (isTerminal ? 'silent' : 'inherit'),
  }
}

/** The environment of an app's next process; `inherited` is Vite's own. */
export function appEnv(
  inherited: NodeJS.ProcessEnv,
  { options, start, inspector, isPrefixed }: Pick<CommandRequest, 'options' | 'start' | 'inspector' | 'isPrefixed'>,
): NodeJS.ProcessEnv {
  const own = { ...inherited, ...options.env, ...start.env }
  const env = isPrefixed ? { ...colorEnv(own), ...own } : own
  // a process that the app starts would inherit the flag, and want the port that the app has
  return inspector ? { ...env, NODE_OPTIONS: takeInspectorOption(env.NODE_OPTIONS).rest } : env
}

/** `true` if the app's next process may be started ahead of its turn; `env` is its environment. */
export function mayStandBy({ options, inspector }: CommandRequest, env: NodeJS.ProcessEnv): boolean {
  return options.standby !== false && !options.once && !inspector && mayWait(nodeFlags(options), env)
}

/** `true` if the app's ports are held: not for an app that runs once, which has no next process. */
export function holdsPorts({ ports, once }: AppOptions): boolean {
  return ports !== false && once !== true
}

/** The contents of the files that node reads for its flags as the process boots. */
export function inputFiles(options: AppOptions): (string | undefined)[] {
  return envFiles(nodeFlags(options), workingDirectory(options))
}

/** The inspector that the flags or NODE_OPTIONS in `env` ask for. */
export function requestedInspector({ execArgv }: AppOptions, env: NodeJS.ProcessEnv): InspectorRequest | undefined {
  return takeInspector(execArgv ?? []).request ?? takeInspectorOption(env.NODE_OPTIONS).request
}

/** The user's flags for node, without those of the inspector. */
export function nodeFlags({ execArgv }: AppOptions): string[] {
  return takeInspector(execArgv ?? []).rest
}

/** The working directory of an app's processes. */
export function workingDirectory({ cwd }: AppOptions): string {
  return cwd ?? process.cwd()
}
