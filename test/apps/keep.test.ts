import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import typescript from 'typescript'
import { expect, onTestFinished, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { bundle, freePort, run } from '../support/child.ts'
import { ask, startLoad } from '../support/keep.ts'
import { createProject, type Project } from '../support/project.ts'

const { ModuleKind, ScriptTarget, transpileModule } = typescript
const repository = join(import.meta.dirname, '../..')

const app = (port: number) => ({
  'package.json': '{ "type": "commonjs" }',
  'src/main.ts': `
    import { keep, listen } from 'vite-tether/keep'
    import { answer } from './answer.ts'
    const visits = keep('visits', () => ({ count: 0 }), ({ count }) => console.log('visits ' + count))
    listen((request, response) => response.end(answer(++visits.count)), ${port}, () => console.log('open'))
    if (module.hot) {
      module.hot.accept()
      module.hot.dispose(() => console.log('disposed'))
    }
  `,
  'src/answer.ts': 'export const answer = (visit: number) => "v1 " + visit',
})

/** Makes the package one that the project has installed. */
function install(project: Project): void {
  mkdirSync(project.path('node_modules'), { recursive: true })
  symlinkSync(repository, project.path('node_modules/vite-tether'), 'junction')
}

test('an app that keeps its port and its state is updated under load, restarts, and is asked to stop', async () => {
  const port = await freePort()
  const { project, hub, line, lines } = await startApp(app(port))
  await line(/^open/)
  const { pid } = hub.runners[0]!
  const load = startLoad(port)
  for (let version = 2; version <= 11; version++) {
    const updated = new Promise((resolve) => hub.once('update:applied', resolve))
    project.write('src/answer.ts', `export const answer = (visit: number) => 'v${version}'`)
    await updated
    await load.more(30)
    expect(await ask(port)).toBe(`200 v${version}`)
  }
  const answers = Object.keys(await load.stop())
  expect(answers.filter((answer) => !/^200 v/.test(answer))).toEqual([])
  expect(hub.runners).toMatchObject([{ pid }])
  expect(lines.filter((text) => text === 'open')).toHaveLength(11)

  await hub.restart(hub.runners[0]!.id)
  await expect.poll(() => ask(port)).toBe('200 v11')
  expect(lines.find((text) => text.startsWith('visits '))).toMatch(/^visits [1-9]\d+$/)
  expect(lines.filter((text) => text === 'open')).toHaveLength(12)
})

test('without vite-tether the module passes through, for ES modules, CommonJS and both in one process', async () => {
  const port = await freePort()
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'server.mjs': `
      import { createRequire } from 'node:module'
      import { keep, listen } from 'vite-tether/keep'
      const pool = keep('pool', () => ({ made: 'by ESM' }))
      const fromCommonJs = createRequire(import.meta.url)('./pool.cjs')
      const server = listen((request, response) => response.end(pool === fromCommonJs ? pool.made : 'two'), ${port}, () => console.log('open'))
      process.on('SIGTERM', () => server.close(() => console.log('closed')))
    `,
    'pool.cjs': `module.exports = require('vite-tether/keep').keep('pool', () => ({ made: 'by CommonJS' }))`,
  })
  install(project)
  const node = run(process.execPath, [project.path('server.mjs')], { cwd: project.root })
  onTestFinished(() => node.end())
  await node.match(/open/)
  expect(await ask(port)).toBe('200 by ESM')
  process.kill(node.pid, 'SIGTERM')
  expect(await node.exited).toEqual({ code: 0, signal: null })
  expect(node.text).toContain('closed')
})

test('a bundle has no more of it than it uses, and no dependency', async () => {
  const project = createProject({
    'used.js': `import { keep } from 'vite-tether/keep'; console.log(keep('one', () => 1))`,
    'unused.js': `import { keep, listen } from 'vite-tether/keep'; console.log('two')`,
  })
  install(project)
  const outputOf = async (file: string) =>
    readFileSync(await bundle(project.path(file), project.path('out')), 'utf8').replace(/^\s*\/\/.*$/gm, '')
  const used = await outputOf('used.js')
  expect(used).not.toMatch(/\bimport\b|createServer/)
  expect(used.length).toBeLessThan(600)
  expect((await outputOf('unused.js')).trim()).toBe('console.log("two");\nexport {};')
})

test('TypeScript that is compiled to CommonJS accepts updates with module.hot, and its output runs under node', async () => {
  const port = await freePort()
  const project = createProject(app(port))
  install(project)
  for (const name of ['main', 'answer']) {
    const code = project.read(`src/${name}.ts`)
    const compiled = transpileModule(code, {
      compilerOptions: { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022 },
    })
    project.write(`out/${name}.js`, compiled.outputText.replace('./answer.ts', './answer.js'))
  }
  expect(project.read('out/main.js')).toContain('require("vite-tether/keep")')
  const node = run(process.execPath, [project.path('out/main.js')], { cwd: project.root })
  onTestFinished(() => node.end())
  await node.match(/open/)
  expect(await ask(port)).toBe('200 v1 1')
  await node.end()
  expect(node.text).toBe('open\n')
})
