/** The option `before`: a command that runs before an app's process is replaced, and can refuse that by its exit code. */
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { type FlatError, flattenError, TetherError } from '../../shared/errors.ts'
import { killTree, signalGroup } from '../process/process-group.ts'
import { inherited } from './inherited-env.ts'

/** Runs of the command, at most, where it has failed and something was saved meanwhile: it may have written that itself. */
const ATTEMPTS = 3

/** Questions of the command's runner. */
export interface BeforeHost {
  /** The option; `undefined` if there is none. */
  command(): string | undefined
  /** Vite's root, the command's working directory. */
  root(): string
  /** Milliseconds after its end in which a save may be a write of the command, which is told late. */
  aftermath(): number
  /** Says in the terminal what the restart waits for. */
  tell(command: string): void
}

/** Runs the command, once for all apps that are replaced for the same save. */
export class BeforeRestart {
  readonly #host: BeforeHost
  #run: { startedAt: number; done: Promise<FlatError | undefined> } | undefined
  #child: ChildProcess | undefined
  #isClosed = false

  constructor(host: BeforeHost) {
    this.#host = host
  }

  /**
   * Resolves with the reason if the process may not be replaced. `lastSave` says when something was saved last, in monotonic ms: a
   * command that fails for what was mended while it ran is run again.
   */
  async pass(lastSave: () => number): Promise<FlatError | undefined> {
    const command = this.#host.command()
    if (command === undefined) return undefined
    for (let attempt = 1; ; attempt++) {
      // one that began before the save may have read the old files
      while (this.#run && this.#run.startedAt < lastSave()) await this.#run.done
      this.#run ??= { startedAt: performance.now(), done: this.#execute(command) }
      const { startedAt, done } = this.#run
      const failure = await done
      if (!failure || this.#isClosed || attempt === ATTEMPTS || lastSave() < startedAt) return failure
    }
  }

  /** Ends the command that runs. */
  close(): void {
    this.#isClosed = true
    const pid = this.#child?.pid
    if (pid === undefined) return
    if (process.platform === 'win32') killTree(pid)
    else signalGroup(pid, 'SIGTERM')
  }

  async #execute(command: string): Promise<FlatError | undefined> {
    this.#host.tell(command)
    const how = await this.#exit(command)
    this.#child = undefined
    // it writes a file, it ends, the watcher tells of the file: that save belongs to this restart, or each would ask for another
    await delay(this.#host.aftermath())
    this.#run = undefined
    if (how === undefined) return undefined
    return flattenError(
      new TetherError('ERR_START', `The app is not started again: \`${command}\` (option \`before\`) ${how}.`),
    )
  }

  /** The way in which the command has failed; `undefined` if it has not. */
  #exit(command: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      // a group of its own, so that what the shell starts ends with it
      const child = spawn(command, {
        ...{ shell: true, cwd: this.#host.root(), env: inherited, detached: process.platform !== 'win32' },
        stdio: ['ignore', 'inherit', 'inherit'],
      })
      this.#child = child
      child.on('error', (error) => resolve(`could not be run: ${error.message}`))
      child.on('close', (code, signal) => {
        if (code === 0) resolve(undefined)
        else resolve(signal ? `was ended by ${signal}` : `exited with code ${code}`)
      })
    })
  }
}
