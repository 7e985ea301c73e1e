/** Everything that cannot be done is said once, with the file, the reason and the way out. */
import { symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { type Running, run } from '../support/child.ts'
import { createProject, type Project } from '../support/project.ts'
import { startServer } from '../support/tether.ts'

const repository = resolve(import.meta.dirname, '../..')
const cli = join(repository, 'dist/cli.js')

function runOnce({ root }: Project, argv: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const running = run(process.execPath, [cli, '--once', ...argv], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', ...env },
  })
  onTestFinished(() => running.end())
  return running
}

const count = (text: string, part: string) => text.split(part).length - 1

/** Loads `x` in all ways, and says whether it is one. */
const ALL_WAYS = {
  'src/main.ts': `import { x } from './x.ts'
    import { load } from 'library'
    import { createRequire } from 'node:module'
    const required = createRequire(import.meta.url)('./x.ts')
    const imported = await load(new URL('./x.ts', import.meta.url).href)
    console.log('one instance', required.x === x, imported.x === x)`,
  'src/x.ts': "console.log('x runs')\nexport const x: object = {}",
  'node_modules/library/package.json': '{ "type": "module", "exports": "./index.js" }',
  'node_modules/library/index.js': 'export const load = (url) => import(url)',
}

test.each([
  ['--import', 'tsx', true],
  ['--import', 'tsx/esm', false],
  ['--require', 'tsx/cjs', false],
])(
  'an app that is run with %s %s is loaded once all the same; a hook that would load it again is named',
  async (flag, value, isNamed) => {
    const project = createProject(ALL_WAYS)
    symlinkSync(join(repository, 'node_modules/tsx'), project.path('node_modules/tsx'))
    const running = runOnce(project, [flag, value, 'src/main.ts'])
    expect((await running.exited).code, running.text).toBe(0)
    expect(running.text).toMatch(/one instance true true/)
    expect(count(running.text, 'x runs')).toBe(1)
    expect(count(running.text, '[vite-tether]')).toBe(isNamed ? 1 : 0)
    if (isNamed) {
      expect(running.text).toContain(
        `A loader hook (of ${flag} ${value}?) would have loaded ${project.path('src/x.ts')} a second time. It is not used for ` +
          'files of the app, which Vite compiles: leave it out.',
      )
    }
  },
)

test('a native addon that was built for another Node is named, with the command that builds it again', async () => {
  const project = createProject({
    'main.ts': "import addon from '@scope/addon'\nconsole.log(addon)",
    'node_modules/@scope/addon/package.json': '{ "main": "index.js" }',
    'node_modules/@scope/addon/index.js': "module.exports = require('./build/addon.node')",
    'node_modules/@scope/addon/build/addon.node': 'for quite another machine',
  })
  const running = runOnce(project, ['main.ts'])
  expect((await running.exited).code).toBe(1)
  const { version, versions, platform, arch } = process
  expect(running.text).toContain(
    `[vite-tether] ${project.path('node_modules/@scope/addon/build/addon.node')} was built for another Node or another system than ` +
      `node ${version} (NODE_MODULE_VERSION ${versions.modules}, ${platform}-${arch}), which runs the app. ` +
      'Build or install it here: npm rebuild @scope/addon\n',
  )
  expect(count(running.text, '[vite-tether]')).toBe(1)
})

test.each([
  ['import() of what is computed', 'await import(outside)'],
  ['a library', 'await load(outside)'],
  ['require()', 'createRequire(import.meta.url)(outside)'],
  ['a thread', "await once(new Worker(outside), 'exit')"],
])('a TypeScript file outside of server.fs.allow, which does not concern the app, is loaded: %s', async (_, code) => {
  const outside = createProject({ 'o.ts': 'export const o: number = 1' })
  const project = createProject({
    ...ALL_WAYS,
    'src/main.ts': `import { once } from 'node:events'
      import { createRequire } from 'node:module'
      import { Worker } from 'node:worker_threads'
      import { load } from 'library'
      const outside = ${JSON.stringify(outside.path('o.ts'))}
      void [once, createRequire, Worker, load]
      ${code}
      console.log('loaded')`,
  })
  const running = runOnce(project, ['src/main.ts'])
  expect((await running.exited).code).toBe(0)
  expect(running.text).toBe('loaded\n')
})

test.each([
  ['.ts', 'commonjs'],
  ['.ts', 'module'],
  ['.js', 'module'],
  ['.mts', 'commonjs'],
])(
  'top-level for await runs in a file that imports and exports nothing: %s in a package of type %s',
  async (extension, type) => {
    const { line } = await startApp(
      {
        'package.json': JSON.stringify(type === 'module' ? { type } : {}),
        [`main${extension}`]: "for await (const each of [Promise.resolve('one'), 'two']) console.log(each) // the end",
      },
      { entry: `main${extension}` },
    )
    await line(/^one/)
    await line(/^two/)
  },
)

test('an attached process requires TypeScript as others do; what Node loads there by itself is named', async () => {
  const project = createProject({
    ...ALL_WAYS,
    'src/require.ts': `import { x } from './x.ts'
      import { createRequire } from 'node:module'
      console.log('one instance', createRequire(import.meta.url)('./x.ts').x === x)`,
    'src/common.cts':
      "import x = require('./x.ts')\nconsole.log('common ' + typeof x.x + ' ' + require.main!.filename)",
  })
  const { hub } = await startServer(project.root, { attach: true })
  const { url, tokenFile } = hub.attach!
  const start = (entry: string) => {
    const running = run(process.execPath, [cli, 'attach', '--token-file', tokenFile!, url, entry], {
      cwd: project.root,
    })
    onTestFinished(() => running.end())
    return running
  }
  await start('src/require.ts').match(/x runs\none instance true/)
  await start('src/common.cts').match(/x runs\ncommon object \S+common\.cts/)
  // a Node that strips types loads it, a second time
  if ((process.features as { typescript?: unknown }).typescript) return
  const library = start('src/main.ts')
  expect((await library.exited).code).toBe(1)
  expect(library.text).toContain(`[vite-tether] Node itself was to load ${project.path('src/x.ts')}, past vite-tether`)
})
