import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { freePort } from '../support/child.ts'
import { inMiB, MiB, measured, scaled } from '../support/measure.ts'
import { createProject } from '../support/project.ts'
import { startProxy } from '../support/proxy.ts'
import { startRunnerProcess, startViteProcess, type Told } from '../support/told.ts'

const SAVE_EVERY = 1_000
const CUT_EVERY = 10_000
/** Caches fill up and code is optimised at first. */
const WARM_UP = 0.1

const { length, scale } = scaled(30 * 60_000, 120_000)

test(
  'a save a second and a cut every ten seconds leave nothing behind on either side',
  async (context) => {
    const project = createProject({
      'main.ts':
        "import { n } from './leaf.ts'\nexport let now = n\nimport.meta.hot.accept('./leaf.ts', (next) => { now = next.n })",
      'leaf.ts': 'export const n = 0',
    })
    const at = { root: project.root, port: await freePort(), token: 'a token of the soak test' }
    const server = await startViteProcess(at)
    const proxy = await startProxy({ host: '127.0.0.1', port: at.port })
    context.onTestFinished(() => proxy.close())
    const runner = await startRunnerProcess({ ...at, port: proxy.port }, { ENTRY: '/main.ts' })

    const started = performance.now()
    const elapsed = () => performance.now() - started
    let first: Held | undefined
    let saves = 0
    let cuts = 0
    while (elapsed() < length) {
      if (elapsed() > (cuts + 1) * CUT_EVERY) proxy.cut(cuts++ % 2 === 0 ? 'fin' : 'rst')
      const from = runner.said.length
      project.write('leaf.ts', `export const n = ${++saves}`)
      const { outcome } = await runner.heard('applied', from)
      expect(outcome).toBe('updated')
      if (first === undefined && elapsed() > length * WARM_UP) first = await both(server, runner)
      await delay(Math.max(0, saves * SAVE_EVERY - elapsed()))
    }
    expect(await runner.tell('import', '/leaf.ts', 'n')).toBe(saves)
    const last = await both(server, runner)
    const growth = { server: last.heap.server - first!.heap.server, runner: last.heap.runner - first!.heap.runner }
    const figure = `heap after GC: server ${inMiB(growth.server)}, runner ${inMiB(growth.runner)}; ${saves} saves, ${cuts} cuts`
    measured(context, { figure, scale })
    expect(runner.said.filter(({ event }) => event === 'resync' || event === 'end')).toEqual([])
    expect(server.said.filter(({ event }) => event === 'resync')).toEqual([])
    expect(runner.said.filter(({ event }) => event === 'resume')).toHaveLength(cuts)
    expect(last.counts).toEqual(first!.counts)
    expect(Math.max(growth.server, growth.runner)).toBeLessThan(3 * MiB)
  },
  length + 120_000,
)

/** Everything that both sides hold on to. */
interface Held {
  heap: { server: number; runner: number }
  counts: { server: Record<string, number>; runner: Record<string, number> }
}

async function both(server: Told, runner: Told): Promise<Held> {
  const counts = { server: await countable(server), runner: await countable(runner) }
  return { counts, heap: { server: (await server.sample()).heap, runner: (await runner.sample()).heap } }
}

/** The counts that may not grow, without those that merely happen to be under way. */
async function countable(program: Told): Promise<Record<string, number>> {
  const least = new Map<string, number>()
  for (let i = 0; i < 10; i++) {
    const { fds, resources, listeners } = await program.sample()
    const counts: Record<string, number> = { fds, listeners, ...resources }
    for (const name of new Set([...least.keys(), ...Object.keys(counts)])) {
      const before = i === 0 ? Number.POSITIVE_INFINITY : (least.get(name) ?? 0)
      least.set(name, Math.min(before, counts[name] ?? 0))
    }
    await delay(100)
  }
  return Object.fromEntries([...least].filter(([, count]) => count > 0).sort())
}
