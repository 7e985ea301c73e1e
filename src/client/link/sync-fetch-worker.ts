/**
 * The thread that asks the server for a thread that waits: a session of its own, so that it does not need the event loop of
 * whoever waits.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { flattenError } from '../../shared/errors.ts'
import type { FetchAnswer, ModuleRecord } from '../../shared/types.ts'
import { openSession } from './open-session.ts'
import type { FetchCall, FetchData, FetchRequest, ThreadAnswer } from './sync-fetch.ts'

const { url, secret, port, flag, info } = workerData as FetchData
/** Code that came before the answer it belongs to. */
const streamed: ModuleRecord[] = []
// it has nothing to apply: it holds no modules, it passes them on
const opened = openSession({
  ...{ url, secret, kind: 'attached' },
  functions: {
    ...{ change: () => {}, payload: () => {}, begin: () => {} },
    modules: (records) => void streamed.push(...records),
  },
})
const config = opened.then((session) => (info ? session.rpc.init(info) : undefined))
// who asks is told
config.catch(() => {})
// the parent terminates this thread, or ends itself
parentPort!.on('message', () => {})

port.on('message', async ({ id, call }: FetchRequest) => {
  const answer = await answerTo(call).catch((error: unknown) => ({ error: flattenError(error) }))
  port.postMessage({ id, ...answer } satisfies ThreadAnswer)
  Atomics.add(flag, 0, 1)
  Atomics.notify(flag, 0)
})

/** Adds the records that came in batches before the answer: the thread that waits gets nothing but the answer. */
function whole(answer: FetchAnswer): FetchAnswer {
  return 'modules' in answer ? { ...answer, modules: [...streamed.splice(0), ...answer.modules] } : answer
}

async function answerTo(request: FetchCall): Promise<{ value: unknown }> {
  const session = await opened
  const first = await config
  switch (request.call) {
    case 'init':
      return { value: first }
    case 'fetch':
      return { value: whole(await session.rpc.fetch(...request.args)) }
    case 'loaded':
      return { value: session.rpc.loaded(...request.args) }
    default:
      return request satisfies never
  }
}
