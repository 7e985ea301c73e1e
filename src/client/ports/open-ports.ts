/** Opens the channel of this process, and puts what comes by it into practice. */
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { createDebug } from 'obug'
import type { Failure, FromApp, NodeHandle, ToApp } from '../../shared/ports.ts'
import { createDeferred } from '../../shared/util/deferred.ts'
import { AppPorts } from './app-ports.ts'
import { PortChannel } from './channel.ts'
import { Connections, canHandOver } from './connections.ts'
import { Http2Sessions } from './http2-sessions.ts'
import { endPipe, type IpcPipe, takePipe } from './ipc-pipe.ts'
import { type ListeningHandle, missingInside, replaceListen } from './listening.ts'
import { getTakeover } from './open-takeover.ts'
import { UnderWay } from './under-way.ts'

const debug = createDebug('vite-tether:ports')

/** Milliseconds after the app is ready in which it may ask for a port of its last process. */
const PATIENCE = 2000
/** Milliseconds between two looks at the requests that are under way. */
const LOOK = 5
/** Milliseconds that may pass from one look to the next: if it takes longer, requests may wait that have not been read. */
const CALM = 50

/** The ports of this process, as the bootstrap uses them. */
export interface OpenPorts {
  /** Resolves when code of the app may run: its ports are there. */
  readonly given: Promise<void>
  /** The app begins without being given any. */
  begin(): void
  /** The app has executed its entries. */
  ready(): void
  /** The process ends with an error: what clients are told meanwhile. */
  failed(failure: Failure): void
}

let opened: OpenPorts | undefined

/**
 * Opens the channel, once; before code of the app, and libraries of its preloads, see `process`. Where there is none, or Node is
 * not as expected, the app has ports of its own.
 */
export function openPorts(): OpenPorts {
  opened ??= open()
  return opened
}

function open(): OpenPorts {
  const pipe = process.send && (missingInside() ?? takePipe())
  if (typeof pipe === 'object') return tryToFollow(pipe)
  const given = pipe === undefined ? Promise.resolve() : endPipe({ say: 'unable', reason: pipe } satisfies FromApp)
  if (pipe !== undefined) debug('no ports are held: %s', pipe)
  return { given, begin() {}, ready() {}, failed() {} }
}

/** Resolves after a turn of the event loop in which sockets are read; with `false` if that has taken long. */
async function turn(): Promise<boolean> {
  const start = performance.now()
  await delay(LOOK)
  await nextTurn()
  return performance.now() - start < CALM
}

function tryToFollow(pipe: IpcPipe): OpenPorts {
  try {
    return follow(pipe)
  } catch (error) {
    // its other end takes that for an answer
    debug('no ports are held: %o', error)
    pipe.close()
    return { given: Promise.resolve(), begin() {}, ready() {}, failed() {} }
  }
}

function follow(pipe: IpcPipe): OpenPorts {
  const given = createDeferred<void>()
  const underWay = new UnderWay()
  const connections = new Connections()
  const sessions = new Http2Sessions()
  const channel = new PortChannel(pipe, { message, closed: given.resolve })
  const ports = new AppPorts(channel)
  getTakeover().below = ports
  // first: where it fails, Node is not as expected
  channel.send({ say: 'hello' })
  replaceListen((server, args, node) => {
    ports.listen(server, args, node)
    sessions.watch(server)
  })
  channel.ref()
  given.promise.then(() => channel.unref())

  function message(message: ToApp, handle: NodeHandle | undefined): void {
    if (message.say === 'give') ports.give(message, handle as ListeningHandle)
    else if (message.say === 'connection') ports.connect(message.key, handle!)
    else if (message.say === 'drop') ports.drop(message.key)
    else if (message.say === 'want') ports.copy(message.key)
    else if (message.say === 'go') void begin(message.others)
    else if (message.say === 'drain') void drain(message.ms)
  }

  async function begin(others: boolean): Promise<void> {
    ports.hasOthers = others
    // a process that ends at once has given back what is needed to answer in its place
    await channel.sent()
    given.resolve()
  }

  async function drain(ms: number): Promise<void> {
    // nothing else may keep it alive until the signal comes
    channel.ref()
    ports.share()
    await channel.sent()
    const left = ports.leave()
    // connections of servers that newer ones have replaced are the port's too
    const all = left.flatMap(({ key, server }) =>
      [server, ...getTakeover().retiredOf(server)].map((each) => ({ key, server: each })),
    )
    const servers = all.map(({ server }) => server)
    const start = performance.now()
    underWay.end(servers)
    sessions.end(servers)
    const ending = servers.filter((server) => !canHandOver(server))
    for (let isCalm = false; ; isCalm = await turn()) {
      for (const { key, server } of all) {
        connections.handOver(server, (handle, arrived) => channel.send({ say: 'connection', key }, handle, arrived))
      }
      const isAsked = [
        underWay.isBusy(servers),
        // who is idle is not known before all has been read that has come
        ending.length > 0 && !isCalm,
        isCalm && sessions.close(ending),
        ...ending.map((server) => isCalm && connections.close(server)),
      ].includes(true)
      if (!(isAsked || channel.isSending) || performance.now() - start > ms) break
    }
    debug('left after %d ms', Math.round(performance.now() - start))
    channel.send({ say: 'drained' })
  }

  return {
    given: given.promise,
    begin: given.resolve,
    ready: () => void setTimeout(() => ports.settle(), PATIENCE).unref(),
    failed: (failure) => channel.lastWord({ say: 'failure', ...failure }),
  }
}
