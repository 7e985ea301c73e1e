/**
 * Node's inspector in this process: what the terminal says of it, waiting for a debugger, and what a debugger that comes late
 * needs to know.
 */
import inspector from 'node:inspector'
import { createDebug } from 'obug'
import type { Handover } from '../../shared/handover.ts'
import { breakAt, isDebugging } from '../code/debug-code.ts'

const debug = createDebug('vite-tether:inspector')

/**
 * Says where a debugger may attach, and with `pause` blocks until one has. To be called before any code of the app runs;
 * `entry` is the absolute path of its first file.
 */
export function startInspector(pause: Handover['pause'], entry: string): void {
  const flag = inspectorFlag()
  if (flag === undefined) return
  if (!isDebugging()) {
    // Node has said that the address is in use, and goes on
    write(
      `The app runs without a debugger: another program has the port of ${flag}. --inspect=0 takes one that is free.`,
    )
    return
  }
  write(`Debugger listening on ${inspector.url()}${pause ? ' (the app waits for it)' : ''}`)
  if (pause === 'entry') breakAt(entry)
  if (pause) inspector.waitForDebugger()
}

/** The flag with which this process was started. */
export function inspectorFlag(): string | undefined {
  return process.execArgv.find((flag) => flag.startsWith('--inspect='))
}

function write(line: string): void {
  process.stderr.write(`[vite-tether] ${line}\n`)
}

/** A debugger that stays attached keeps a process from ending, and the next one from getting its port. */
export function closeInspector(): void {
  if (isDebugging()) inspector.close()
}

/** Code of which V8 has a script. */
export interface LateScript {
  /** What V8 is to have instead of a script with this hash; `undefined` if nothing needs to be done. */
  late(hash: string): string | undefined
  replaced(text: string): void
}

/**
 * When an inspector is opened later, by SIGUSR1 or by `inspector.open()`: gives the scripts that V8 has already their source
 * maps. That takes some 10 to 100 ms; a debugger that is faster sees these scripts as they were compiled. `find` returns those with this URL.
 */
export function watchForInspector(find: (url: string) => readonly LateScript[]): void {
  onOpened(() => addMaps(find))
}

/** Calls `inspected` if a debugger may attach to this process: now, or as soon as one may. */
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
