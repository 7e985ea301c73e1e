/** Handles payloads of the server, and sends custom events. */
import { describeError } from '../../shared/describe-error.ts'
import { flattenError } from '../../shared/errors.ts'
import type { HMREmitter, HMRPayload } from '../../shared/hmr-emitter.ts'
import type { ModuleId } from '../../shared/types.ts'
import type { ViteNodeRunner } from '../vite-node-runner.ts'
import { enqueueChange } from './apply.ts'
import { notify } from './callbacks.ts'
import { type Engine, entriesOf, getEngine } from './engine.ts'
import { changeOf, type Outcome } from './outcome.ts'
import { pruneUnreached } from './prune.ts'

/**
 * Does what a payload asks for. Rejects when an update failed, with the error that was reported: the app then runs its
 * previous code, and the next update retries. A caller may ignore the promise: its rejection never counts as unhandled.
 * @param runner the runner that executes the modules
 * @param emitter emits the custom events that were sent before `connected`
 * @param files the entries that a full reload executes
 * @param payload a payload of Vite, with `seeds` if it comes from `viteNodeHmrPlugin`
 */
export function handleMessage(
  runner: ViteNodeRunner,
  emitter: HMREmitter,
  files: string[],
  payload: HMRPayload,
): Promise<void> {
  const engine = getEngine(runner)
  engine.files = files
  const handled = handle(engine, emitter, payload)
  handled.catch(() => {})
  return handled
}

async function handle(engine: Engine, emitter: HMREmitter, payload: HMRPayload): Promise<void> {
  switch (payload.type) {
    case 'connected':
      engine.log.info('connected.')
      sendMessageBuffer(engine.runner, emitter)
      return
    case 'update': {
      const updates = payload.updates.filter(({ type }) => type === 'js-update')
      const seeds =
        payload.seeds ??
        (await changedBelow(
          engine,
          updates.map(({ acceptedPath }) => acceptedPath),
        ))
      if (payload.seeds || updates.length > 0) settle(await enqueueChange(engine, changeOf(seeds)))
      return
    }
    case 'full-reload': {
      const seeds =
        payload.seeds ?? (payload.triggeredBy === undefined ? undefined : ofFile(engine, payload.triggeredBy))
      settle(await enqueueChange(engine, { ...changeOf(seeds ?? []), reload: seeds === undefined }))
      return
    }
    case 'prune':
      // Vite prunes by its own graph. The update has pruned by the runner's already, unless some code was missing then.
      await engine.queue.add(async () => {
        if (engine.owesPrune) await pruneUnreached(engine)
      }, false)
      return
    case 'error':
      engine.log.error(`Internal server error: ${describeError(flattenError(payload.err))}`)
      await notify(engine, 'vite:error', payload)
      return
    case 'custom':
      await notify(engine, payload.event, payload.data)
      return
    case 'ping':
    case 'bundled-dev-update':
      return
    default:
      payload satisfies never
  }
}

/**
 * Executes the entries again from current code: every application module is disposed and forgotten, those of node_modules are
 * kept. Resolves with the exports of `files` in order. If it fails the app is left as it was, and the call rejects; called as
 * the fallback after a failed update, with the code still broken in the same way, it resolves with what is still live.
 * @param runner the runner that executes the modules
 * @param files the entries to execute
 */
// biome-ignore lint/suspicious/noExplicitAny: the signature of vite-node/hmr
export function reload(runner: ViteNodeRunner, files: string[]): Promise<any[]> {
  const engine = getEngine(runner)
  engine.files = files
  const known = engine.shown
  const reloaded = (async () => {
    const { error } = await enqueueChange(engine, { ...changeOf([]), reload: true, onRequest: true })
    const ids = await entriesOf(engine)
    const live = ids.every((id) => engine.runtime.node(id)?.evaluated)
    if (error !== undefined && (known === undefined || known !== engine.shown || !live)) throw error
    return Promise.all(ids.map((id) => engine.runtime.evaluate(id)))
  })()
  reloaded.catch(() => {})
  return reloaded
}

/**
 * Emits the buffered custom events as `custom`, in order. Throws the error of a listener (a session whose buffer is full throws
 * `ERR_BACKPRESSURE`); that event and those after it stay in the buffer.
 * @param runner the runner whose modules have sent the events
 * @param emitter emits them
 */
export function sendMessageBuffer(runner: ViteNodeRunner, emitter: HMREmitter): void {
  const { messageBuffer } = getEngine(runner).cache
  // shifted one by one: a listener may call hot.send(), which appends to this buffer
  for (let message = messageBuffer.shift(); message !== undefined; message = messageBuffer.shift()) {
    try {
      emitter.emit('custom', message)
    } catch (error) {
      messageBuffer.unshift(message)
      throw error
    }
  }
}

/** Sends a custom event. Without anybody to take it, it waits in the buffer. Throws if it was not taken; then it is not sent. */
export function sendCustom({ cache, runner }: Engine, emitter: HMREmitter, event: string, data: unknown): void {
  const message = JSON.stringify({ type: 'custom', event, data })
  cache.messageBuffer.push(message)
  if (emitter.listenerCount('custom') === 0) return
  try {
    sendMessageBuffer(runner, emitter)
  } catch (error) {
    // the caller gets the error and may send again: a copy left in the buffer would go out twice
    const index = cache.messageBuffer.lastIndexOf(message)
    if (index >= 0) cache.messageBuffer.splice(index, 1)
    throw error
  }
}

function settle({ applied, error }: Outcome): void {
  if (applied.outcome === 'failed') throw error
}

/** Without seeds: the accepted modules, and what has changed among the modules they import. */
async function changedBelow({ runtime }: Engine, urls: string[]): Promise<ModuleId[]> {
  const ids = urls.map((url) => runtime.toId(url))
  return [...new Set([...ids, ...((await runtime.changed?.(ids)) ?? [])])]
}

function ofFile({ runtime }: Engine, file: string): ModuleId[] {
  return [...runtime.ids()].filter((id) => id === file || id.startsWith(`${file}?`))
}
