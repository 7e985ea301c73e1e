/** An export of an entry that can answer requests. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { TetherError } from '../../shared/errors.ts'
import type { ModuleNamespace } from '../module-types.ts'

/** Node's own request and response, as adapters of Node give them to the app beside the request of web standards. */
export interface NodeBindings {
  incoming: IncomingMessage
  outgoing: ServerResponse
}

/** Takes a connection that asks for another protocol, as listeners of `upgrade` do. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown

/** An export that answers. */
export type Answerer = {
  /** For people: the name of its framework, or what it is. */
  what: string
  upgrade?: Upgrade | undefined
  /** Resolves when it can answer; rejects with the error of what it has begun. */
  ready?: (() => Promise<unknown>) | undefined
} & (
  | { kind: 'fetch'; fetch: (request: Request, bindings: NodeBindings) => Response | Promise<Response> }
  | { kind: 'handler'; handle: RequestListener }
)

/** The members by which frameworks are told apart, and those that are called. */
type Exported = Partial<
  Record<'use' | 'handle' | 'set' | 'fetch' | 'callback' | 'routing' | 'ready' | 'upgrade', unknown>
>

type Callable = (...args: never[]) => unknown

/**
 * Finds it: `export default` of something with `fetch`, `export function fetch`, or `export default` of an app of Express, connect, Koa
 * or Fastify; any other function only if the user has `asked` for the entry to be served, as scripts export functions as well.
 */
export function recognise(exports: ModuleNamespace, asked: boolean): Answerer | undefined {
  const { default: main } = exports as { default?: unknown }
  if (has(main, 'fetch')) return ofFetch(main, nameOf(main) ?? 'fetch')
  if (has(exports, 'fetch')) return ofFetch(exports, 'fetch')
  const handler = handlerOf(main)
  if (handler) return { kind: 'handler', upgrade: upgradeOf(main), ...handler }
  if (asked && isFunction(main) && !/^class\b/.test(String(main))) {
    return { kind: 'handler', what: 'request handler', handle: main as RequestListener, upgrade: upgradeOf(exports) }
  }
  return undefined
}

function ofFetch(owner: Exported, what: string): Answerer {
  const fetch = (request: Request, bindings: NodeBindings) =>
    (owner.fetch as (request: Request, bindings: NodeBindings) => Response | Promise<Response>)(request, bindings)
  return { kind: 'fetch', what, fetch, upgrade: upgradeOf(owner) }
}

function handlerOf(
  app: unknown,
): { what: string; handle: RequestListener; ready?: () => Promise<unknown> } | undefined {
  if (isFunction(app)) {
    if (!has(app, 'handle') || !has(app, 'use')) return undefined
    return { what: has(app, 'set') ? 'Express' : 'connect', handle: app as RequestListener }
  }
  if (has(app, 'callback') && has(app, 'use')) {
    return { what: 'Koa', handle: (app.callback as () => RequestListener)() }
  }
  if (has(app, 'routing') && has(app, 'ready')) {
    const fastify = app as unknown as { ready(): Promise<unknown>; routing: RequestListener }
    const handle: RequestListener = (request, response) =>
      fastify.ready().then(() => fastify.routing(request, response))
    return { what: 'Fastify', handle, ready: async () => fastify.ready() }
  }
  return undefined
}

function upgradeOf(owner: unknown): Upgrade | undefined {
  if (!has(owner, 'upgrade')) return undefined
  return (...args) => (owner.upgrade as Upgrade)(...args)
}

/** The class of an app. */
function nameOf(app: object): string | undefined {
  const { name } = app.constructor
  // what a bundler has minified says nothing
  return isFunction(app) || name === 'Object' || name.length < 2 ? undefined : name
}

function has<const N extends keyof Exported>(owner: unknown, name: N): owner is object & Record<N, Callable> {
  const isOwner = isFunction(owner) || (typeof owner === 'object' && owner !== null)
  return isOwner && isFunction((owner as Exported)[name])
}

function isFunction(value: unknown): value is Callable {
  return typeof value === 'function'
}

/** The error of an entry that is to answer requests and does not. */
export function unserved(entry: string, exports: object | undefined): TetherError {
  const names = Object.keys(exports ?? {})
  const got = names.length > 0 ? `it exports ${names.join(', ')}` : 'it exports nothing'
  return new TetherError(
    'ERR_ENTRY',
    `${entry.replace(/^\//, '')} answers no requests: expected it to listen, or to export default something with a function fetch ` +
      `(Hono, H3, Elysia), an app of Express, connect, Koa or Fastify, or a function (request, response); ${got}, and does not listen.`,
  )
}
