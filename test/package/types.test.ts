import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { type Packed, pack } from '../support/packed.ts'
import { createProject, type Project } from '../support/project.ts'

const repository = join(import.meta.dirname, '../..')
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')

let packed: Packed
beforeAll(async () => {
  packed = await pack()
})

/** The errors of tsc in a project that uses everything there is, rightly and wrongly. */
async function check(compilerOptions: object, files = ['app.ts', 'client.ts', 'handler.ts', 'hmr.ts', 'plugin.ts']) {
  const project = createProject({
    'package.json': JSON.stringify({ private: true, type: 'module' }),
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        ...{ target: 'ES2023', lib: ['ES2023'], types: ['node', 'vite-tether/types'], strict: true, noEmit: true },
        ...compilerOptions,
      },
      files,
    }),
  })
  for (const file of files) cpSync(join(repository, 'test/fixtures/types', file), project.path(file))
  install(project, files)
  try {
    await promisify(execFile)(process.execPath, [tsc, '-p', project.root], { cwd: project.root })
    return []
  } catch (error) {
    return (error as { stdout: string }).stdout.trim().split('\n')
  }
}

/** The package as it is published, beside what its declarations need; vite-node is there for those only who use it. */
function install(project: Project, files: readonly string[]): void {
  mkdirSync(project.path('node_modules/@types'), { recursive: true })
  const viteNode = files.includes('hmr.ts') ? ['vite-node'] : []
  for (const name of ['vite', '@types/node', ...viteNode]) {
    symlinkSync(realpathSync(join(repository, 'node_modules', name)), project.path(`node_modules/${name}`), 'junction')
  }
  cpSync(packed.folder, project.path('node_modules/vite-tether'), { recursive: true })
}

/** Errors of others' declarations, which `skipLibCheck` would have left out. */
const isForeign = (error: string) => error.includes('node_modules/') && !error.includes('node_modules/vite-tether/')

// a whole program is checked each time

test('types, without those of the browser, fit right uses and refuse wrong ones as a bundler resolves them', {
  timeout: 120_000,
}, async () => {
  expect(await check({ module: 'ESNext', moduleResolution: 'Bundler', skipLibCheck: true })).toEqual([])
})

test('types, without those of the browser, fit right uses and refuse wrong ones as Node resolves them, and have no errors of their own', {
  timeout: 120_000,
}, async () => {
  const errors = await check({ module: 'NodeNext', moduleResolution: 'NodeNext', skipLibCheck: false })
  expect(errors.filter((error) => !isForeign(error))).toEqual([])
})

test('types, without those of the browser, fit CommonJS where there is a form for it', {
  timeout: 120_000,
}, async () => {
  const errors = await check({ module: 'NodeNext', moduleResolution: 'NodeNext', skipLibCheck: true }, ['common.cts'])
  expect(errors).toEqual([])
})

test('types of all but vite-tether/hmr need no vite-node', { timeout: 120_000 }, async () => {
  const errors = await check({ module: 'NodeNext', moduleResolution: 'NodeNext', skipLibCheck: false }, [
    ...['app.ts', 'client.ts', 'handler.ts', 'plugin.ts'],
  ])
  expect(errors.filter((error) => !isForeign(error))).toEqual([])
})
