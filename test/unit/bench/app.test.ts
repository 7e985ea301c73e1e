import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { writeApp } from '../../../bench/app.ts'
import { toJavaScript } from '../../../bench/build.ts'
import { createGraph } from '../../../bench/graph.ts'
import { fileOf } from '../../../bench/source.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'vite-tether-test-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** The output of the app under plain node. */
function evaluate(root: string): number {
  const script = `import('./src/routes.js').then(({ v0 }) => console.log(v0))`
  return Number(spawnSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' }).stdout)
}

test('an app answers what is expected of it, before and after each save', () => {
  const app = writeApp(folder(), 100, 1, toJavaScript)
  expect(evaluate(app.root)).toBe(app.expected.value)
  for (const edit of ['leaf', 'mid', 'shared'] as const) {
    const { value } = app.expected
    app.save(edit)
    expect(app.expected.value).not.toBe(value)
    expect(evaluate(app.root)).toBe(app.expected.value)
  }
})

test('a save that nobody accepts changes the settings and no module of the graph', () => {
  const app = writeApp(folder(), 100, 1)
  const before = app.expected
  app.save('unaccepted')
  expect(app.expected).toEqual({ value: before.value, settings: before.settings + 1 })
})

test('a module has about 56 lines', () => {
  const root = folder()
  writeApp(root, 100, 1)
  const graph = createGraph(100, 1)
  const lines = graph.imports.map((_, module) => {
    return readFileSync(join(root, 'src', fileOf(graph, module)), 'utf8')
      .trimEnd()
      .split('\n').length
  })
  const mean = lines.reduce((sum, each) => sum + each) / lines.length
  expect(mean).toBeGreaterThan(53)
  expect(mean).toBeLessThan(63)
})
