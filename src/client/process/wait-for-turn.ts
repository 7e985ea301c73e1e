/**
 * A process that waits to be its app's next: it holds the code of the entries, compiled and up to date, and runs nothing of
 * it and loads no package. Until its turn it is silent.
 */
import { setImmediate } from 'node:timers/promises'
import { createDebug } from 'obug'
import { getEngine } from '../hmr/engine.ts'
import type { SessionRunner } from '../runner/session-runner.ts'

const debug = createDebug('vite-tether:standby')

/** Resolves when the process is to run its entries: at once, unless it is a standby. */
export async function waitForTurn(runner: SessionRunner): Promise<void> {
  const { turn, config } = runner
  if (!config.waits) return
  debug('waits')
  const stop = keepFilled(runner)
  await turn
  stop()
  // Changes that arrived before `begin` are still in the queue: a task behind them ends when they are in the store.
  await getEngine(runner.viteNode).queue.add(async () => {})
  pretendToBeYoung()
  runner.server.begun()
  debug('begins')
}

/** Fetches and compiles what the entries need, again after each change. The returned function ends that. */
function keepFilled(runner: SessionRunner): () => void {
  let isWaiting = true
  let isFilling = false
  let isOutOfDate = false
  const goOn = async (): Promise<boolean> => {
    await setImmediate()
    return isWaiting
  }

  async function fill(): Promise<void> {
    isOutOfDate = true
    if (isFilling) return
    isFilling = true
    while (isOutOfDate && isWaiting) {
      isOutOfDate = false
      try {
        for (const entry of runner.config.entries) await runner.viteNode.hold(entry, goOn)
        if (isWaiting && runner.state !== 'ended') runner.server.waiting(process.memoryUsage.rss())
      } catch (error) {
        // The saved code does not compile yet. Nothing to do: the next change calls fill() again.
        debug('%o', error)
      }
    }
    isFilling = false
  }

  runner.on('applied', fill)
  runner.on('resync', fill)
  void fill()
  return () => {
    isWaiting = false
    runner.off('applied', fill)
    runner.off('resync', fill)
  }
}

/** Makes `process.uptime()` count from now, so that a health check of the app does not show the time as a standby. */
function pretendToBeYoung(): void {
  const uptime = process.uptime.bind(process)
  const waited = uptime()
  process.uptime = () => uptime() - waited
}
