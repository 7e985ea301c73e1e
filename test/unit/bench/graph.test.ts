import { expect, test } from 'vitest'
import { ancestors, createGraph } from '../../../bench/graph.ts'

const sizes = [100, 1000, 3000]

test.each(sizes)('an app of %i modules has 4,024 imports for 1,000 modules', (size) => {
  expect(createGraph(size).imports.flat()).toHaveLength(Math.round(size * 4.024))
})

test.each(sizes)('all of %i modules are reached from the routes, and no import leads back', (size) => {
  const { imports } = createGraph(size)
  const reached = new Set([0])
  for (const [module, targets] of imports.entries()) {
    expect(reached).toContain(module)
    for (const to of targets) {
      expect(to).toBeGreaterThan(module)
      reached.add(to)
    }
    expect(new Set(targets).size).toBe(targets.length)
  }
})

test.each(sizes)('a leaf of %i modules has some 25 ancestors, so that its update is as large at every size', (size) => {
  const graph = createGraph(size)
  expect(graph.imports[graph.leaf]).toEqual([])
  const { size: count } = ancestors(graph, graph.leaf)
  expect(count).toBeGreaterThanOrEqual(24)
  expect(count).toBeLessThanOrEqual(27)
})

test.each(sizes)('54 %% of %i modules depend on the shared utility', (size) => {
  const graph = createGraph(size)
  expect(graph.imports[graph.shared]).toEqual([])
  const part = ancestors(graph, graph.shared).size / size
  expect(part).toBeGreaterThanOrEqual(0.541)
  expect(part).toBeLessThan(0.6)
})

test('the mid module imports several modules and is below several others', () => {
  const graph = createGraph(1000)
  expect(graph.imports[graph.mid]!.length).toBeGreaterThanOrEqual(4)
  expect(ancestors(graph, graph.mid).size).toBe(8)
})

test('the same seed makes the same graph, another seed another one', () => {
  expect(createGraph(200, 7)).toEqual(createGraph(200, 7))
  expect(createGraph(200, 8).imports).not.toEqual(createGraph(200, 7).imports)
})
