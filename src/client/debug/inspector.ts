/**
 * Node's inspector in this process: its line in the terminal, waiting for a debugger, and source maps for a debugger that comes
 * late.
 */
import inspector from 'node:inspector'
import { createDebug } from 'obug'
import type { Handover } from '../../shared/handover.ts'
import { breakAt, isDebugging } from '../code/debug-code.ts'

const debug = createDebug('vite-tether:inspector')

/**
 * Prints the address for debuggers; with `pause` it blocks until one has attached. To be called before any code of the app runs.
 * `entry` is the absolute path of the app's first file.
 */
export function startInspector(pause: Handover['pause'], entry: string): void {
  const flag = inspectorFlag()
  if (flag === undefined) return
  if (!isDebugging()) {
    // Node has printed that the address is in use and goes on without inspector, which is easily overlooked
    write(
      `The app runs without a debugger: another program has the port of ${flag}. --inspect=0 takes one that is free.`,
    )
    return
  }
  write(`Debugger listening on ${inspector.url()}${pause ? ' (the app waits for it)' : ''}`)
  if (pause === 'entry') breakAt(entry)
  if (pause) inspector.waitForDebugger()
}

/** The `--inspect=` flag with which this process was started. */
export function inspectorFlag(): string | undefined {
  return process.execArgv.find((flag) => flag.startsWith('--inspect='))
}

function write(line: string): void {
  process.stderr.write(`[vite-tether] ${line}\n`)
}

/** Closes the inspector: a debugger that stays attached would keep this process from ending, and the next one from the port. */
export function closeInspector(): void {
  if (isDebugging()) inspector.close()
}

/** A script that V8 has compiled without source map, because no inspector was open. */
export interface LateScript {
  /** The text, with source map, that is to replace V8's script of this hash; `undefined` if it is another script or has its map. */
  late(hash: string): string | undefined
  /** V8 has taken this text. */
  replaced(text: string): void
}

/**
 * When an inspector is opened later, by SIGUSR1 or by `inspector.open()`, gives the scripts that V8 has compiled before their
 * source maps. That takes 10 to 100 ms; a debugger that is faster sees these scripts as compiled. `find` returns the scripts of a
 * URL.
 */
export function watchForInspector(find: (url: string) => readonly LateScript[]): void {
  onOpened(() => addMaps(find))
}

/** Calls `inspected` now if an inspector is open, else as soon as one is. */
export function onInspector(inspected: () => void): void {
  if (isDebugging()) inspected()
  else onOpened(inspected)
}

function onOpened(opened: () => void): void {
  process.on('internalMessage' as 'message', (message: unknown) => {
    if ((message as { cmd?: string } | null)?.cmd === 'NODE_DEBUG_ENABLED') opened()
  })
}

function addMaps(find: (url: string) => readonly LateScript[]): void {
  const session = new inspector.Session()
  session.connect()
  const scripts: inspector.Debugger.ScriptParsedEventDataType[] = []
  session.on('Debugger.scriptParsed', ({ params }) => scripts.push(params))
  session.post('Debugger.enable')
  let count = 0
  for (const { scriptId, url, hash } of scripts) {
    for (const script of find(url)) {
      const text = script.late(hash)
      if (text === undefined) continue
      // only a comment is added: functions stay the same, also those that run
      session.post('Debugger.setScriptSource', { scriptId, scriptSource: text }, (error) => {
        if (error) return debug('%s: %o', url, error)
        script.replaced(text)
        count++
      })
    }
  }
  debug('%d scripts have source maps now', count)
  session.disconnect()
}
