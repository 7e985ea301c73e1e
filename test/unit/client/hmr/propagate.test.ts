import { expect, test } from 'vitest'
import type { HotCallback, HotModule } from '../../../../src/client/hmr/cache.ts'
import { propagate } from '../../../../src/client/hmr/propagate.ts'
import type { ImportedNames } from '../../../../src/shared/transformed-code.ts'

interface Spec {
  imports?: Record<string, ImportedNames>
  exports?: string[]
  /** Accepted dependencies; its own name for a module that accepts itself. */
  accepts?: string[]
  acceptsExports?: string[]
}

/** Propagates from `seeds` over modules given by their imports. */
function run(specs: Record<string, Spec>, seeds: string[], roots: string[], invalidators: string[] = []) {
  const hotModulesMap = new Map<string, HotModule>()
  for (const [id, { accepts = [], acceptsExports }] of Object.entries(specs)) {
    const callbacks: HotCallback[] = accepts.map((dep) => ({ deps: [dep], fn: () => {} }))
    if (acceptsExports) callbacks.push({ deps: [id], fn: () => {}, exports: acceptsExports })
    if (callbacks.length > 0) hotModulesMap.set(id, { id, callbacks })
  }
  const graph = {
    node: (id: string) => {
      const spec = specs[id]
      return (
        spec && {
          id,
          url: id,
          importers: new Set(Object.keys(specs).filter((other) => id in (specs[other]!.imports ?? {}))),
          imports: new Set(Object.keys(spec.imports ?? {})),
          importedNames: (dep: string) => spec.imports![dep]!,
          exportNames: () => spec.exports ?? ['default'],
          evaluated: true,
        }
      )
    },
  }
  const { boundaries, replaced, chain } = propagate(graph, { hotModulesMap }, seeds, roots, invalidators)
  return {
    boundaries: boundaries.map(({ boundary, accepted }) => `${accepted} via ${boundary}`),
    replaced: [...replaced],
    chain,
  }
}

test('propagate stops at the seed when it accepts itself', () => {
  const found = run({ entry: { imports: { a: '*' } }, a: { accepts: ['a'] } }, ['a'], ['entry'])
  expect(found).toEqual({ boundaries: ['a via a'], replaced: ['a'], chain: undefined })
})

test('propagate stops below an importer that accepts the dependency', () => {
  const found = run(
    { entry: { imports: { a: '*' }, accepts: ['a'] }, a: { imports: { b: '*' } }, b: {} },
    ['b'],
    ['entry'],
  )
  expect(found).toEqual({ boundaries: ['a via entry'], replaced: ['b', 'a'], chain: undefined })
})

test('propagate follows every importer and finds every boundary', () => {
  const found = run(
    {
      entry: { imports: { left: '*', right: '*' } },
      left: { imports: { shared: '*' }, accepts: ['left'] },
      right: { imports: { shared: '*' }, accepts: ['shared'] },
      shared: {},
    },
    ['shared'],
    ['entry'],
  )
  expect(found).toEqual({
    boundaries: ['shared via right', 'left via left'],
    replaced: ['shared', 'left'],
    chain: undefined,
  })
})

test('propagate names the chain from the seed to the root that nothing accepts, by the way it was found', () => {
  const specs = { entry: { imports: { b: '*' } }, b: { imports: { a: '*' } }, a: {} } satisfies Record<string, Spec>
  expect(run(specs, ['a'], ['entry']).chain).toEqual(['a', 'b', 'entry'])
})

test('one open path is enough to leave an update unaccepted', () => {
  const found = run(
    {
      entry: { imports: { accepting: '*', open: '*' } },
      accepting: { imports: { a: '*' }, accepts: ['a'] },
      open: { imports: { a: '*' } },
      a: {},
    },
    ['a'],
    ['entry'],
  )
  expect(found.chain).toEqual(['a', 'open', 'entry'])
})

test('a root that other modules import is left to these', () => {
  const specs = { entry: { imports: { a: '*' }, accepts: ['a'] }, a: {} } satisfies Record<string, Spec>
  expect(run(specs, ['a'], ['entry', 'a'])).toMatchObject({ boundaries: ['a via entry'], chain: undefined })
})

test('a cycle around a root that accepts nothing is a dead end', () => {
  const specs = { entry: { imports: { a: '*' } }, a: { imports: { entry: '*' } } } satisfies Record<string, Spec>
  expect(run(specs, ['a'], ['entry']).chain).toEqual(['a', 'entry'])
})

test('an instance that nothing holds is replaced and is nobody’s dead end', () => {
  expect(run({ entry: {}, orphan: {} }, ['orphan'], ['entry'])).toEqual({
    boundaries: [],
    replaced: ['orphan'],
    chain: undefined,
  })
})

test('a module that imports itself does not lead anywhere', () => {
  expect(run({ entry: { imports: { entry: '*' } } }, ['entry'], ['entry']).chain).toEqual(['entry'])
})

test('seeds without an instance are left out', () => {
  expect(run({ entry: {} }, ['elsewhere'], ['entry'])).toEqual({ boundaries: [], replaced: [], chain: undefined })
})

test('a boundary that is replaced itself accepts nothing: it imports the new dependency anyway', () => {
  const found = run(
    { entry: { imports: { a: '*' }, accepts: ['a'] }, a: { imports: { b: '*' }, accepts: ['b'] }, b: {} },
    ['a', 'b'],
    ['entry'],
  )
  expect(found).toEqual({ boundaries: ['a via entry'], replaced: ['a', 'b'], chain: undefined })
})

test('chains of importers may be deeper than the call stack', () => {
  const depth = 30_000
  const specs: Record<string, Spec> = { m0: {} }
  for (let index = 1; index <= depth; index++) specs[`m${index}`] = {}
  const graph = {
    node: (id: string) => {
      const index = Number(id.slice(1))
      return {
        id,
        url: id,
        importers: new Set(index < depth ? [`m${index + 1}`] : []),
        imports: new Set<string>(),
        importedNames: () => '*' as const,
        exportNames: () => [],
        evaluated: true,
      }
    },
  }
  const { chain } = propagate(graph, { hotModulesMap: new Map() }, ['m0'], [`m${depth}`])
  expect(chain).toHaveLength(depth + 1)
})

const specs = (names: ImportedNames, accepted: string[], exports = ['a', 'b']): Record<string, Spec> => ({
  entry: { imports: { target: names } },
  target: { exports, acceptsExports: accepted },
})

test.each<[ImportedNames, string[], boolean]>([
  [['a'], ['a'], true],
  [[], [], true],
  [['a', 'b'], ['a'], false],
  ['*', ['a'], false],
  ['*', ['a', 'b'], true],
  [['a'], ['a', 'b', 'gone'], true],
])('acceptExports: imported %j, accepted %j: %j', (names, accepted, isAccepted) => {
  const { chain, boundaries } = run(specs(names, accepted), ['target'], ['entry'])
  expect(chain).toEqual(isAccepted ? undefined : ['target', 'entry'])
  expect(boundaries).toEqual(['target via target'])
})

test('acceptExports: several calls add up', () => {
  const hot = {
    id: 'target',
    callbacks: ['a', 'b'].map((name) => ({ deps: ['target'], fn: () => {}, exports: [name] })),
  }
  const node = (id: string) => ({
    id,
    url: id,
    importers: new Set(id === 'target' ? ['entry'] : []),
    imports: new Set<string>(),
    importedNames: () => ['a', 'b'],
    exportNames: () => ['a', 'b', 'c'],
    evaluated: true,
  })
  const { chain } = propagate({ node }, { hotModulesMap: new Map([['target', hot]]) }, ['target'], ['entry'])
  expect(chain).toBeUndefined()
})

test('propagate ends unaccepted when a module that invalidated would be updated again', () => {
  const specs = {
    entry: { imports: { child: '*' } },
    parent: { imports: { child: '*' } },
    child: { imports: { parent: '*' }, accepts: ['child'] },
  } satisfies Record<string, Spec>
  expect(run(specs, ['parent'], ['entry'], []).chain).toBeUndefined()
  expect(run(specs, ['parent'], ['entry'], ['child']).chain).toEqual(['parent', 'child'])
})
