import { setTimeout as delay } from 'node:timers/promises'
import { createServer } from 'vite'
import { ViteNodeRunner } from 'vite-node/client'
import { ViteNodeServer } from 'vite-node/server'
import { expect, test } from 'vitest'
import { until } from '../support/child.ts'
import { measured } from '../support/measure.ts'
import { createProject, type Project } from '../support/project.ts'
import { attach, startServer } from '../support/tether.ts'

const code = (n: number | string, more = '') =>
  `import { live } from './store.ts'\n${more}\nlive.n = ${n}\nimport.meta.hot.accept()`
const app = (n: number) => ({
  'main.ts': "import './leaf.ts'\nexport { live } from './store.ts'",
  'store.ts': 'export const live = {}',
  'leaf.ts': code(n),
})

let slowestSave = 0

test.each<[how: string, save: (project: Project, n: number) => unknown]>([
  ['written over', (project, n) => project.write('leaf.ts', code(n))],
  [
    'written beside and renamed',
    (project, n) => {
      project.write('leaf.ts.tmp', code(n))
      project.rename('leaf.ts.tmp', 'leaf.ts')
    },
  ],
  [
    'truncated and then written',
    async (project, n) => {
      project.write('leaf.ts', '')
      await delay(1)
      project.write('leaf.ts', code(n))
    },
  ],
])('200 saves of one file in a second, %s: the last one is live within half a second', async (_how, save) => {
  const project = createProject(app(0))
  const server = await startServer(project.root, { attach: true })
  const { runner, lines } = await attach(server, project.root)
  const { live } = await runner.import('/main.ts')
  const started = performance.now()
  for (let n = 1; n <= 200; n++) {
    await save(project, n)
    await delay(Math.max(0, started + n * 5 - performance.now()))
  }
  const saved = performance.now()
  await until(() => live.n === 200, 'the last save to be live')
  const ms = performance.now() - saved
  slowestSave = Math.max(slowestSave, ms)
  expect(lines.filter((line) => /failed|error/i.test(line))).toEqual([])
  expect(ms).toBeLessThan(500)
})

test('200 saves of one file in a second, measured over all ways', (context) => {
  measured(context, { figure: `last save live after at most ${slowestSave.toFixed(0)} ms` })
  expect(slowestSave).toBeGreaterThan(0)
})

let slowestCorrection = 0

test.each([
  ['a syntax error', code('= 2')],
  ['a throw at the top level', code(2, 'throw new Error("thrown")')],
  ['a callback that throws', code(2, 'import.meta.hot.accept(() => { throw new Error("in callback") })')],
])(
  'a mistake and its correction, %s: one readable error, the app lives, and the correction is live within 300 ms',
  async (what, broken) => {
    const project = createProject(app(1))
    const server = await startServer(project.root, { attach: true })
    const { runner, lines, line, applied } = await attach(server, project.root)
    const { live } = await runner.import('/main.ts')
    let done = applied()
    project.write('leaf.ts', broken)
    await done
    if (what.startsWith('a callback')) {
      // it is the new code's callback: the next update calls it
      done = applied()
      project.write('leaf.ts', broken.replace('live.n = 2', 'live.n = 3'))
      await done
    }
    const shown = await line(/failed|threw|in callback/)
    expect(shown).toMatch(/\[vite-tether\]/)
    expect(lines.filter((each) => /\[vite-tether\].*(failed|threw)/.test(each))).toHaveLength(1)
    if (!what.startsWith('a callback')) expect(live.n).toBe(1)
    const started = performance.now()
    project.write('leaf.ts', code(4))
    await until(() => live.n === 4, 'the correction to be live')
    const ms = performance.now() - started
    slowestCorrection = Math.max(slowestCorrection, ms)
    expect(ms).toBeLessThan(300)
  },
)

test('a mistake and its correction, measured over all mistakes', (context) => {
  measured(context, { figure: `correction live after at most ${slowestCorrection.toFixed(0)} ms` })
  expect(slowestCorrection).toBeGreaterThan(0)
})

test('2,000 modules start within 1.5 times of what a runner inside the Vite process takes', async (context) => {
  const count = 2_000
  const files: Record<string, string> = {
    'main.ts': `${Array.from({ length: 20 }, (_, i) => `import { sum as s${i} } from './group${i}.ts'`).join('\n')}
      export const sum = ${Array.from({ length: 20 }, (_, i) => `s${i}`).join(' + ')}`,
  }
  for (let i = 0; i < 20; i++) {
    const own = Array.from({ length: count / 20 - 1 }, (_, j) => `m${i}_${j}`)
    files[`group${i}.ts`] =
      `${own.map((name) => `import { v as ${name} } from './${name}.ts'`).join('\n')}\nexport const sum: number = ${own.join(' + ')}`
    for (const name of own) files[`${name}.ts`] = `export const v: number = 1\nexport const name = '${name}'`
  }
  const took = { ours: Number.POSITIVE_INFINITY, theirs: Number.POSITIVE_INFINITY }
  // the best of three each: another process on the machine makes it slower, nothing makes it faster
  for (let i = 0; i < 3; i++) {
    const inside = createProject(files)
    const plain = await createServer({
      root: inside.root,
      configFile: false,
      logLevel: 'silent',
      optimizeDeps: { noDiscovery: true, include: [] },
      server: { middlewareMode: true, ws: false, watch: null },
    })
    const node = new ViteNodeServer(plain)
    const runnerInside = new ViteNodeRunner({
      root: inside.root,
      fetchModule: (id) => node.fetchModule(id),
      resolveId: (id, importer) => node.resolveId(id, importer),
    })
    let started = performance.now()
    expect((await runnerInside.executeId('/main.ts')).sum).toBe(count - 20)
    took.theirs = Math.min(took.theirs, performance.now() - started)
    await plain.close()

    const project = createProject(files)
    const server = await startServer(project.root, { attach: true })
    const { runner } = await attach(server, project.root)
    started = performance.now()
    expect((await runner.import('/main.ts')).sum).toBe(count - 20)
    took.ours = Math.min(took.ours, performance.now() - started)
    await runner.close()
    await server.server.close()
  }
  const ratio = took.ours / took.theirs
  measured(context, {
    figure: `${took.ours.toFixed(0)} ms against ${took.theirs.toFixed(0)} ms: ${ratio.toFixed(2)} times`,
  })
  expect(ratio).toBeLessThan(1.5)
}, 180_000)
