/**
 * An app's process that is started before Vite is loaded, so that it boots meanwhile. It waits for its hand-over and has run no code of
 * the app by then: a guess of its command, which costs nothing but its boot where the config has another one.
 */
import { type AppCommand, launch } from './start-process.ts'

type Child = ReturnType<typeof launch>

/** The process until somebody has taken it. */
export class EarlyProcess {
  readonly #inputs: () => unknown
  readonly #begun: string
  #child: Child | undefined

  /** `inputs` are further ones, comparable as JSON: what is read by the process as it boots. */
  constructor(command: AppCommand, hasChannel: boolean, inputs: () => unknown) {
    this.#inputs = inputs
    this.#begun = this.#describe(command, hasChannel)
    const child = launch(command, hasChannel)
    // whoever starts it in earnest is told why it cannot be
    child.on('error', () => {
      this.#child = undefined
    })
    this.#child = child
  }

  /** The process, if one that is started with `command` now would be the same; else it is killed. */
  take(command: AppCommand, hasChannel: boolean): Child | undefined {
    const child = this.#child
    if (!child || this.#describe(command, hasChannel) !== this.#begun || !isSound(child, hasChannel)) {
      this.discard()
      return undefined
    }
    this.#child = undefined
    return child
  }

  /** Kills it, unless it was taken. */
  discard(): void {
    this.#child?.kill('SIGKILL')
    this.#child = undefined
  }

  #describe({ main, entry, args, execArgv, env, cwd, stdio, stdin }: AppCommand, hasChannel: boolean): string {
    return JSON.stringify([main, entry, args, execArgv, env, cwd, stdio, stdin, hasChannel, this.#inputs()])
  }
}

function isSound({ pid, exitCode, signalCode, connected }: Child, hasChannel: boolean): boolean {
  return pid !== undefined && exitCode === null && signalCode === null && (connected || !hasChannel)
}
