/** A debugger as editors are one: the inspector protocol over a WebSocket, and breakpoints in sources by source maps. */
import { fileURLToPath } from 'node:url'
import {
  generatedPositionFor,
  LEAST_UPPER_BOUND,
  originalPositionFor,
  type SourceMapInput,
  TraceMap,
} from '@jridgewell/trace-mapping'
import { onTestFinished } from 'vitest'
import WebSocket from 'ws'
import { until } from './child.ts'

/** Where the process stands. */
export interface Stop {
  /** Absolute path of the source, lines and columns from 1. */
  file: string
  line: number
  column: number
  reason: string
  frame: string
}

// biome-ignore lint/suspicious/noExplicitAny: the protocol is untyped here
type Json = any

interface Script {
  id: string
  url: string
  map: TraceMap | undefined
}

export interface Debugger {
  send(method: string, params?: object): Promise<Json>
  /** Stops at a line of a source, in all scripts of it that there are and that come. Lines count from 1. */
  breakpoint(file: string, line: number): Promise<void>
  /** Resolves with the next stop. */
  stopped(): Promise<Stop>
  /** `Debugger.resume`, `stepOver`, `stepInto` or `stepOut`. */
  go(how?: 'resume' | 'stepOver' | 'stepInto' | 'stepOut'): Promise<void>
  /** The value of an expression where the process stands. */
  evaluate(expression: string): Promise<unknown>
  /** Absolute paths of the sources that scripts are known to come from. */
  sources(): string[]
  close(): void
}

/** Attaches to the process that listens on `url`. With `release`, one that waits for a debugger goes on once breakpoints are set. */
export async function attachDebugger(url: string): Promise<Debugger> {
  const socket = new WebSocket(url)
  onTestFinished(() => socket.terminate())
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const calls = new Map<number, { resolve(value: Json): void; reject(error: Error): void }>()
  const scripts = new Map<string, Script>()
  const wanted: { file: string; line: number }[] = []
  const stops: Stop[] = []
  let top: Json
  let last = 0

  function send(method: string, params: object = {}): Promise<Json> {
    const id = ++last
    socket.send(JSON.stringify({ id, method, params }))
    return new Promise((resolve, reject) => calls.set(id, { resolve, reject }))
  }

  async function bind({ id, url, map }: Script, { file, line }: { file: string; line: number }): Promise<void> {
    if (!map) return
    const source = map.resolvedSources.find((each) => each === new URL(`file://${file}`).href)
    if (source === undefined) return
    const index = map.resolvedSources.indexOf(source)
    const found = generatedPositionFor(map, { source: map.sources[index]!, line, column: 0, bias: LEAST_UPPER_BOUND })
    if (found.line === null) return
    const location = { scriptId: id, lineNumber: found.line - 1, columnNumber: found.column }
    await send('Debugger.setBreakpoint', { location }).catch((error: Error) => {
      // the second: a script that has run, and of which V8 has dropped the functions; whoever waits for the stop sees if none is left
      if (!/already exists|Could not resolve breakpoint/.test(error.message))
        throw new Error(`${url}: ${error.message}`)
    })
  }

  async function paused(params: Json): Promise<void> {
    if (params.reason === 'instrumentation') {
      const script = scripts.get(params.data.scriptId)
      if (script) for (const each of wanted) await bind(script, each)
      await send('Debugger.resume')
      return
    }
    top = params.callFrames[0]
    const { scriptId, lineNumber, columnNumber } = top.location
    const script = scripts.get(scriptId)
    const at = script?.map && originalPositionFor(script.map, { line: lineNumber + 1, column: columnNumber })
    stops.push({
      file: at?.source ? fileURLToPath(at.source) : (script?.url.replace('file://', '') ?? '?'),
      line: at?.line ?? lineNumber + 1,
      column: (at?.column ?? columnNumber) + 1,
      reason: params.reason,
      frame: top.functionName,
    })
  }

  socket.on('message', (data) => {
    const { id, result, error, method, params } = JSON.parse(String(data))
    if (id !== undefined) {
      const call = calls.get(id)!
      calls.delete(id)
      if (error) call.reject(new Error(error.message))
      else call.resolve(result)
    } else if (method === 'Debugger.scriptParsed') {
      const [, base64] = /^data:application\/json[^,]*;base64,(.*)$/.exec(params.sourceMapURL ?? '') ?? []
      const json = base64 && (JSON.parse(Buffer.from(base64, 'base64').toString()) as SourceMapInput)
      scripts.set(params.scriptId, {
        id: params.scriptId,
        url: params.url,
        map: json ? new TraceMap(json, params.url) : undefined,
      })
    } else if (method === 'Debugger.paused') void paused(params)
  })
  await send('Debugger.enable')
  // as VS Code does it, so that breakpoints are there before the code of a script that comes has run
  await send('Debugger.setInstrumentationBreakpoint', { instrumentation: 'beforeScriptWithSourceMapExecution' })

  return {
    send,
    async breakpoint(file, line) {
      wanted.push({ file, line })
      for (const script of [...scripts.values()]) await bind(script, { file, line })
    },
    stopped: () => until(() => stops.shift(), 'the process to stop for the debugger'),
    go: (how = 'resume') => send(`Debugger.${how}`),
    async evaluate(expression) {
      const { result } = await send('Debugger.evaluateOnCallFrame', { callFrameId: top.callFrameId, expression })
      return result.value
    },
    sources: () =>
      [...scripts.values()].flatMap(({ map }) => map?.resolvedSources ?? []).map((source) => fileURLToPath(source)),
    close: () => socket.terminate(),
  }
}
