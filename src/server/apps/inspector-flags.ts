/**
 * Reads Node's inspector flags and makes those of the app process: only the app has an inspector, on a port that stays over restarts.
 * Processes that the app starts do not inherit the flag, as they would want the same port.
 */
import { createServer } from 'node:net'
import type { Handover } from '../../shared/handover.ts'

/** The inspector that the flags ask for. */
export interface InspectorRequest {
  /** `undefined` means Node's default, 127.0.0.1. */
  host: string | undefined
  /** 0 means any free port. */
  port: number
  pause: Handover['pause']
}

/** Node's default. */
const DEFAULT_PORT = 9229
/** `--inspect`, `--inspect-brk`, `--inspect-wait`, each with host, port or both. */
const FLAG = /^--inspect(-brk|-wait)?(?:=(?:(\[[\da-f:.]+\]|[^:]*[^:\d][^:]*)(?::(?=\d))?)?(\d+)?)?$/i

/** The flags without those of the inspector, and what these ask for; the last one counts. */
export function takeInspector(flags: readonly string[]): { rest: string[]; request: InspectorRequest | undefined } {
  let request: InspectorRequest | undefined
  const rest = flags.filter((flag) => {
    const [found, kind, host, port] = FLAG.exec(flag) ?? []
    if (found === undefined) return true
    const pause = kind === '-brk' ? 'entry' : kind === '-wait' ? 'start' : undefined
    request = { host, port: port === undefined ? DEFAULT_PORT : Number(port), pause }
    return false
  })
  return { rest, request }
}

/** The same for NODE_OPTIONS, which whatever an app starts inherits. Values in quotes stay as they are. */
export function takeInspectorOption(options: string | undefined): {
  rest: string | undefined
  request: InspectorRequest | undefined
} {
  const { rest, request } = takeInspector(options?.match(/"(?:\\.|[^"\\])*"|\S+/g) ?? [])
  return request ? { rest: rest.join(' ') || undefined, request } : { rest: options, request }
}

/** Flags for the app process. It says itself where it listens: one line in place of Node's two. */
export function inspectorFlags({ host, port }: InspectorRequest, others: readonly string[]): string[] {
  const isGiven = others.some((flag) => flag.startsWith('--inspect-publish-uid'))
  return [
    `--inspect=${host === undefined ? '' : `${host}:`}${port}`,
    ...(isGiven ? [] : ['--inspect-publish-uid=http']),
  ]
}

/** A port that `taken` does not have, from now on among them; for port 0 one that is free now. */
export async function choosePort({ host, port }: InspectorRequest, taken: Set<number>): Promise<number> {
  if (port !== 0) {
    // several apps get consecutive ports, as workers of Node's cluster do
    let next = port
    while (taken.has(next)) next++
    taken.add(next)
    return next
  }
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, host?.replace(/^\[|\]$/g, '') ?? '127.0.0.1', resolve)
  })
  const { port: found } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return found
}
