#!/usr/bin/env node
/**
 * The command, as far as it needs no Vite. Built without anything to import but Node's own modules: the app's process is started at
 * once, and boots while Vite and the rest of the command are loaded.
 */
import { rmSync } from 'node:fs'
import inspector from 'node:inspector'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { startEarly } from '../server/apps/early-start.ts'
import { takeInspector, takeInspectorOption } from '../server/apps/inspector-flags.ts'
import { Reads } from '../server/start/reads.ts'
import { startFolder } from '../server/start/start-key.ts'
import { type FoundVite, importVite } from '../server/vite/project-vite.ts'
import { RUNNER_MARKER } from '../shared/constants.ts'
import { keepCompiledCode } from '../shared/util/compile-cache.ts'
import { distUrl } from '../shared/util/dist-files.ts'
import { ownVersions } from '../shared/versions.ts'
import { checkVite } from './check-vite.ts'
import { type Ending, handleSignals } from './ending.ts'
import { fail, NAME } from './fail.ts'
import { type Flags, parseFlags } from './flags.ts'
import { HELP } from './help.ts'
import { keptStart } from './kept-start-path.ts'
import { projectsCommand } from './projects-command.ts'
import { type Settings, settingsOf } from './settings.ts'

const [first] = process.argv.slice(2)
if (first === 'attach') void import(distUrl('attach.js'))
else main(process.argv.slice(2)).catch((error) => fail(error, 1))

async function main(argv: readonly string[]): Promise<void> {
  const flags = parseFlags(argv)
  if (flags.print === 'help') return void process.stdout.write(HELP)
  if (flags.print === 'version') return console.log(version())
  // an app may run this command for another one: that is no server of the app's own making
  delete process.env[RUNNER_MARKER]
  const settings = settingsOf(flags)
  const own = projectsCommand(settings.root)
  if (own) {
    if (own.version !== ownVersions().tether) console.error(`${NAME} runs the project's own version, ${own.version}`)
    // it reads the same command line
    return import(pathToFileURL(own.command).href)
  }
  const found = checkVite(settings.root, fileURLToPath(import.meta.url))
  leaveInspector()
  const ending = handleSignals()
  await begin(settings, flags, found, ending)
  // it has needed no server
  const exit = flags.once && settings.cli.early?.hasBegun ? settings.cli.early.exit : undefined
  if (exit) return ending.endAs(exit)
  settings.reads?.install()
  // as Vite's own command does
  keepCompiledCode()
  const vite = importVite(found)
  // who waits for it is told
  vite.catch(() => {})
  const { run } = (await import(distUrl('run.js'))) as typeof import('./run.ts')
  await run(flags, settings, vite, ending)
}

/**
 * Starts the app's process, which is taken when Vite is there, or else ends with this one. Resolves at once, or, if it may begin without
 * Vite, when it has.
 */
async function begin(settings: Settings, flags: Flags, vite: FoundVite, ending: Ending): Promise<void> {
  const { root, entry, options, cli } = settings
  if (flags.clearCache) clearCache(startFolder(root))
  if (entry === undefined) return
  const place = keptStart({ root, entry, options }, flags, vite)
  cli.keep = place?.path
  if (place?.isWatched) settings.reads = new Reads(vite.path)
  const early = startEarly(entry, root, { ...options, ...cli }, cli.keep)
  if (!early) return
  cli.early = early
  ending.beginWith(early)
  process.on('exit', early.discard)
  await early.settled
}

/** Who asks for it wants nothing of it to be used: going on with what could not be removed would be worse than not to start. */
function clearCache(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch (error) {
    throw new Error(
      `--clear-cache cannot remove ${folder} (${(error as Error).message}). Remove it yourself, or leave it alone with --no-cache.`,
    )
  }
}

/** An inspector that NODE_OPTIONS asks for is meant for the app, which could not have the same port. */
function leaveInspector(): void {
  if (takeInspectorOption(process.env.NODE_OPTIONS).request && !takeInspector(process.execArgv).request)
    inspector.close()
}

function version(): string {
  return `vite-tether/${ownVersions().tether} ${process.platform}-${process.arch} node-${process.version}`
}
