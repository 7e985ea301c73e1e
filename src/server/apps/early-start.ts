/** Starts the process of the command's entry before Vite is there, where the command line says all that shapes it. */
import { existsSync, mkdtempSync, rmSync, watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { WANTED } from '../../shared/handover.ts'
import type { EarlyStart } from '../options.ts'
import { EarlyProcess } from '../process/early-process.ts'
import type { AppCommand } from '../process/start-process.ts'
import { type AppOptions, appCommand, appEnv, holdsPorts, inputFiles, requestedInspector } from './command.ts'
import { resolveEntry } from './entries.ts'
import { inherited } from './inherited-env.ts'
import { mayWait } from './standby-rules.ts'

/**
 * Starts it with `options`, those of the command line; what the config adds to them is compared later. It begins with what is `kept`, if
 * there is an index at that path and it is current. `undefined` where one that waits
 * would be noticed, where there is no such file, or where it cannot be started: the usual start is told why.
 */
export function startEarly(
  entry: string,
  root: string,
  options: AppOptions,
  kept: string | undefined,
): EarlyStart | undefined {
  const given = { options, start: {}, inspector: undefined, isPrefixed: false }
  const env = appEnv(inherited, given)
  if (requestedInspector(options, env) || !mayWait(options.execArgv ?? [], env)) return undefined
  let folder: string | undefined
  const remove = () => folder !== undefined && rmSync(folder, { recursive: true, force: true })
  try {
    const file = resolveEntry(entry, root)
    folder = mkdtempSync(join(tmpdir(), 'vite-tether-'))
    const invitation = join(folder, 'invitation.json')
    const request = { ...given, id: basename(file), file, invitation, isTerminal: process.stdin.isTTY }
    const command = appCommand(request, inherited)
    const isLeft = kept !== undefined && existsSync(kept)
    const beginning = isLeft ? { path: kept, isAlone: options.once === true } : undefined
    const early = new EarlyProcess(command, holdsPorts(options), () => inputFiles(options), beginning)
    let isTaken = false
    // a process that the app has started asks for the server in this way
    if (beginning) watch(folder, { persistent: false }, (_, name) => name === WANTED && early.need())
    return {
      invitation,
      settled: early.settled,
      get hasBegun() {
        return early.hasBegun
      },
      proven: early.proven,
      get exit() {
        return early.exit
      },
      get readyAt() {
        return early.readyAt
      },
      stop: (signal) => early.stop(signal),
      get isTaken() {
        return isTaken
      },
      take(command, hasChannel) {
        const child = early.take(command as AppCommand, hasChannel)
        isTaken ||= child !== undefined
        return child
      },
      discard() {
        early.discard()
        remove()
      },
    }
  } catch {
    remove()
    return undefined
  }
}
