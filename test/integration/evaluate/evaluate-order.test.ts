import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { bundle, tempFolder } from '../../support/child.ts'
import { evaluation } from '../../support/evaluate.ts'
import { repeatable, seeds } from '../../support/flaky.ts'
import { drive } from '../../support/order-drive.ts'
import { randomGraph } from '../../support/order-graph.ts'

const COUNT = 250

const folder = tempFolder()
afterAll(() => folder.remove())

test(`${COUNT} random graphs run in the order in which Node runs them, see what they see there and fail as there`, async () => {
  const all = seeds(COUNT)
  const graphs = all.map((seed) => randomGraph(seed, `g${seed}`))
  const { load, root, write, path } = await evaluation(Object.assign({}, ...graphs.map(({ files }) => files)))
  write('plans.json', JSON.stringify(graphs.map(({ steps }) => steps)))
  const script = await bundle(fileURLToPath(new URL('../../fixtures/evaluate/order.ts', import.meta.url)), folder.path)
  const printed = execFileSync(process.execPath, [script, root, path('plans.json')], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  const native = JSON.parse(printed) as string[][]
  for (const [n, { steps }] of graphs.entries()) {
    const log = await drive(steps, (file) => load(`/${file}`))
    await repeatable(all[n]!, 'test/integration/evaluate/evaluate-order.test.ts', () => expect(log).toEqual(native[n]))
  }
})
