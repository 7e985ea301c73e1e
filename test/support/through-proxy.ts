/** A runner of this process behind a proxy that misbehaves. */
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import type { ConnectOptions } from '../../src/client/runner/connect.ts'
import { type FaultyProxy, startProxy } from './proxy.ts'
import { attach, type TestRunner, type TestServer } from './tether.ts'

/** A runner and the proxy that its links go through. */
export interface ProxiedRunner extends TestRunner {
  proxy: FaultyProxy
  /** The number of comparisons. */
  readonly resyncs: number
  /** Cuts the link, keeps it down while `work` is done, and resolves once it is back. */
  whileDown(work: () => unknown): Promise<void>
}

/** A proxy before the endpoint of a server that was started with `attach`. It is closed when the test ends. */
export async function proxyFor({ hub }: TestServer): Promise<FaultyProxy & { url: string }> {
  const url = new URL(hub.attach!.url)
  const proxy = await startProxy({ host: '127.0.0.1', port: Number(url.port) })
  onTestFinished(() => proxy.close())
  url.port = String(proxy.port)
  return Object.assign(proxy, { url: url.href })
}

/** Attaches to `server` through a proxy. */
export async function attachThroughProxy(
  server: TestServer,
  root: string,
  options: Partial<ConnectOptions> = {},
): Promise<ProxiedRunner> {
  const proxy = await proxyFor(server)
  const attached = await attach(server, root, { url: proxy.url, ...options })
  const { runner } = attached
  let resyncs = 0
  runner.on('resync', () => resyncs++)
  return {
    ...attached,
    proxy,
    get resyncs() {
      return resyncs
    },
    async whileDown(work: () => unknown) {
      const down = once(runner, 'disconnect')
      proxy.refuse(true)
      proxy.cut('rst')
      await down
      await work()
      const back = Promise.race([once(runner, 'resume'), once(runner, 'resync')])
      proxy.refuse(false)
      await back
    },
  }
}
