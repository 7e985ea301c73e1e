import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { beforeAll, expect, onTestFailed, onTestFinished, test } from 'vitest'
import { type Running, run, tempFolder } from '../support/child.ts'
import { npm, type Packed, pack } from '../support/packed.ts'
import { createProject, type Project } from '../support/project.ts'

/** Another version than the project's, and in range. */
const OTHER = '8.3.7'
const { version: vite } = createRequire(import.meta.url)('vite/package.json') as { version: string }
const ONE = new RegExp(`config ${vite} one true`)
const repository = join(import.meta.dirname, '../..')

let packed: Packed
/** The package beside a Vite of its own, as a global install or the cache of npx has it. */
let elsewhere: string
beforeAll(async () => {
  packed = await pack()
  const { path, remove } = tempFolder()
  elsewhere = path
  await npm(path, 'install', '--prefer-offline', '--no-audit', '--no-fund', packed.tarball, `vite@${OTHER}`)
  return remove
}, 120_000)

const CONFIG = `import { DevEnvironment, version } from 'vite'
export default {
  plugins: [{
    name: 'witness',
    configureServer({ environments }) {
      console.error('config', version, 'one', environments.ssr instanceof DevEnvironment)
    },
  }],
}
`

/** A project with the repository's Vite. */
function projectWithVite(files: Record<string, string> = {}): Project {
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'vite.config.js': CONFIG,
    'src/main.ts':
      "import { v } from './dep.ts'\nconsole.log('runs', v)\nimport.meta.hot?.accept()\nsetInterval(() => {}, 1000)",
    'src/dep.ts': 'export const v: number = 1',
    ...files,
  })
  link(join(repository, 'node_modules/vite'), project.path('node_modules/vite'))
  return project
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(target, path, 'dir')
}

function command(project: Project, bin: string): Running {
  const running = run(process.execPath, [join(bin, 'bin/vite-tether.js'), 'src/main.ts'], {
    cwd: project.root,
    env: { ...process.env, NO_COLOR: '1', NODE_ENV: '', VITEST: '' },
  })
  onTestFinished(() => running.end())
  onTestFailed(() => console.error(running.text))
  return running
}

async function savesArrive(project: Project, running: Running): Promise<void> {
  await running.match(/runs 1/)
  project.edit('src/dep.ts', '= 1', '= 2')
  await running.match(/runs 2/)
}

const installed = () => join(elsewhere, 'node_modules/vite-tether')

test('a linked vite-tether runs the Vite of the project, in the command and in its config', async () => {
  const project = projectWithVite({
    'vite.config.js': `import { tether } from 'vite-tether'\n${CONFIG.replace('plugins: [', 'plugins: [tether(), ')}`,
  })
  link(installed(), project.path('node_modules/vite-tether'))
  const running = command(project, project.path('node_modules/vite-tether'))
  await running.match(ONE)
  await savesArrive(project, running)
})

test('a linked vite-tether runs the Vite of the project under vite dev, too', async () => {
  const project = projectWithVite({
    'vite.config.js': `import { tether } from 'vite-tether'\n${CONFIG.replace('plugins: [', "plugins: [tether({ entry: 'src/main.ts' }), ")}`,
  })
  link(installed(), project.path('node_modules/vite-tether'))
  const running = run(process.execPath, [project.path('node_modules/vite/bin/vite.js'), 'dev', '--port', '0'], {
    cwd: project.root,
    env: { ...process.env, NO_COLOR: '1', NODE_ENV: '', VITEST: '' },
  })
  onTestFinished(() => running.end())
  onTestFailed(() => console.error(running.text))
  await running.match(ONE)
  await savesArrive(project, running)
})

test('a global vite-tether runs the Vite of the project', async () => {
  const project = projectWithVite()
  const running = command(project, installed())
  await running.match(ONE)
  await savesArrive(project, running)
})

test('npx in a folder without Vite runs the one that it has installed', async () => {
  const project = projectWithVite({
    'vite.config.js':
      "export default { plugins: [{ name: 'witness', config() { console.error('config', this.meta.viteVersion) } }] }",
  })
  project.remove('node_modules/vite')
  const running = command(project, installed())
  await running.match(new RegExp(`config ${OTHER}`))
  await savesArrive(project, running)
})

test('a global vite-tether that finds a Vite out of its range names both', async () => {
  const project = createProject({
    'package.json': '{}',
    'node_modules/vite/package.json': '{ "name": "vite", "version": "7.1.0" }',
    'src/main.ts': '',
  })
  const running = command(project, installed())
  expect((await running.exited).code).toBe(1)
  expect(running.text).toMatch(
    /Expected Vite 8\.3 or a later 8\.x, got 7\.1\.0 in .*node_modules\/vite \(vite-tether has 8\.3\.7 in /,
  )
})

test('a global vite-tether hands over to the one of the project, and says so where it is another version', async () => {
  const project = projectWithVite({
    'vite.config.js': `import { tether } from 'vite-tether'\n${CONFIG.replace('plugins: [', 'plugins: [tether(), ')}`,
  })
  const local = project.path('node_modules/vite-tether')
  cpSync(packed.folder, local, { recursive: true })
  for (const name of Object.keys(packed.manifest.dependencies as object)) {
    link(join(elsewhere, 'node_modules', name), project.path(`node_modules/${name}`))
  }
  project.edit('node_modules/vite-tether/package.json', /"version": "[^"]+"/, '"version": "0.9.9"')
  const running = command(project, installed())
  await running.match(/runs the project's own version, 0\.9\.9\n/)
  await running.match(ONE)
  await savesArrive(project, running)
})
