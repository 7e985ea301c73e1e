/**
 * The thread behind `sync-fetch`. It asks the server on behalf of a thread that blocks in `Atomics.wait`, and has a session of its
 * own, since the event loop of the blocked thread does not turn.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { flattenError } from '../../shared/errors.ts'
import type { FetchAnswer, ModuleRecord } from '../../shared/types.ts'
import { openSession } from './open-session.ts'
import type { FetchCall, FetchData, FetchRequest, ThreadAnswer } from './sync-fetch.ts'

const { url, secret, port, flag, info } = workerData as FetchData
/** Code that came before the answer it belongs to. */
const streamed: ModuleRecord[] = []
// changes, payloads and turns are ignored: this thread holds no modules, it only passes them on
const opened = openSession({
  ...{ url, secret, kind: 'attached' },
  functions: {
    ...{ change: () => {}, payload: () => {}, begin: () => {} },
    modules: (records) => void streamed.push(...records),
  },
})
const config = opened.then((session) => (info ? session.rpc.init(info) : undefined))
// each call awaits `config` too, and gets the rejection as its answer
config.catch(() => {})
// A listener keeps this thread alive between questions; it ends with its parent.
parentPort!.on('message', () => {})

port.on('message', async ({ id, call }: FetchRequest) => {
  const answer = await answerTo(call).catch((error: unknown) => ({ error: flattenError(error) }))
  port.postMessage({ id, ...answer } satisfies ThreadAnswer)
  Atomics.add(flag, 0, 1)
  Atomics.notify(flag, 0)
})

/** Adds the records that came in batches before the answer, because the blocked thread reads a single message. */
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
