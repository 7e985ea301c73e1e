/** The package on a machine that runs workers only: installed alone, without Vite. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { run } from '../support/child.ts'
import { bundledIn, npm, type Packed, pack } from '../support/packed.ts'
import { createProject, type Project } from '../support/project.ts'
import { startServer } from '../support/tether.ts'

let packed: Packed
beforeAll(async () => {
  packed = await pack()
})

/** A folder in which nothing but the package is installed. */
async function install(): Promise<Project> {
  const project = createProject({ 'package.json': '{ "private": true, "type": "module" }' })
  await npm(project.root, 'install', '--prefer-offline', '--no-audit', '--no-fund', packed.tarball)
  return project
}

/** Bytes of a folder's files. */
function sizeOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
}

const command = 'node_modules/vite-tether/bin/vite-tether.js'
const env = { PATH: process.env.PATH, NO_COLOR: '1' }

test('a worker joins, evaluates, requires and is updated from an installation without Vite of less than 2 MB', async () => {
  const project = createProject({
    'src/main.ts':
      "import { text } from './text.ts'\nimport old from './old.cjs'\nconsole.log('main', text, old)\nsetInterval(() => {}, 1000)\nimport.meta.hot?.accept('./text.ts', (next) => console.log('now', next!.text))",
    'src/text.ts': "export const text: string = 'one'",
    'src/old.cjs': "module.exports = 'old'",
  })
  const { hub } = await startServer(project.root, { attach: true })
  const { url, tokenFile } = hub.attach!
  const { root } = await install()
  expect(readdirSync(join(root, 'node_modules')).filter((name) => /^(vite|vite-node|rolldown)$/.test(name))).toEqual([])
  const size = sizeOf(join(root, 'node_modules'))
  console.info(`node_modules of a worker: ${size} bytes`)
  expect(size).toBeLessThan(2_000_000)

  const worker = run(process.execPath, [command, 'attach', '--token-file', tokenFile!, url, 'src/main.ts'], {
    cwd: root,
    env,
  })
  onTestFinished(() => worker.end())
  await worker.match(/^main one old$/m)
  project.edit('src/text.ts', 'one', 'two')
  await worker.match(/^now two$/m)
}, 60_000)

test.each([
  ['the command', [command, 'src/main.ts']],
  ['the command with a config', [command, '--config', 'vite.config.js']],
])(
  '%s says that there is no Vite, and how to install it',
  async (_, args) => {
    const { root } = await install()
    const cli = run(process.execPath, args, { cwd: root, env })
    expect(await cli.exited).toEqual({ code: 1, signal: null })
    expect(cli.text).toBe(
      `[vite-tether] Expected Vite 8 in ${root}, found none. Install it: npm install -D vite-tether vite@^8.3.0\n`,
    )
  },
  60_000,
)

test('LICENSE has the notice of each package that is part of a file of ours', () => {
  const licence = readFileSync(join(packed.folder, 'LICENSE'), 'utf8')
  const code = packed.files.filter(({ path }) => /^dist\/.*js$/.test(path))
  const texts = code.map(({ path }) => readFileSync(join(packed.folder, path), 'utf8'))
  // what was inside of those packages already, their own bundlers say
  const inner = /^\/\/#region node_modules\/(?:\.pnpm\/[^/]+\/node_modules\/)?((?:@[^/]+\/)?[^/]+)\//gm
  const bundled = texts.flatMap((text) => [
    ...bundledIn(text),
    ...Array.from(text.matchAll(inner), ([, name]) => name!),
  ])
  const names = [...new Set(bundled)]
  expect(names.length).toBeGreaterThan(1)
  expect(names.filter((name) => !licence.includes(name))).toEqual([])
})
