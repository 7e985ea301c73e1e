/** Versions of Node below the range of `engines`: whoever has one is told so at once, and what to do. */
import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { run } from '../support/child.ts'
import { createProject } from '../support/project.ts'

const repository = resolve(import.meta.dirname, '../..')
const bin = join(repository, 'bin/vite-tether.js')

const nodes = ['old12', 'old18', 'old20'].map((name) =>
  join(import.meta.dirname, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node'),
)
const versions = nodes.map((node) => [execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(), node] as const)

const COMMANDS: [what: string, argv: string[]][] = [
  ['the command', [bin, 'main.js']],
  ['the command, once', [bin, '--once', 'main.js']],
  ['vite-tether attach', [bin, 'attach', 'ws://127.0.0.1:1', 'main.js']],
  ['vite-tether --help', [bin, '--help']],
]

const { VITEST: _, NODE_ENV: __, ...env } = process.env

function start(node: string, argv: string[]) {
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'main.js': "console.log('it runs')",
    'connects.js': `import { connect } from 'vite-tether/client'\nconsole.log(connect)`,
    'vite.config.js': `import { tether } from 'vite-tether'\nexport default { plugins: [tether({ entry: 'main.js' })] }`,
    'node_modules/.keep': '',
  })
  symlinkSync(repository, project.path('node_modules/vite-tether'))
  const running = run(node, argv, { cwd: project.root, env: { ...env, NO_COLOR: '1' } })
  onTestFinished(() => running.end())
  return running
}

const cases = versions.flatMap(([version, node]) =>
  COMMANDS.map(([what, argv]) => [version.slice(1), what, node, argv] as const),
)

test.each(cases)(
  'Node %s: %s says which it is, which are right and where to get one',
  async (version, _, node, argv) => {
    const running = start(node, argv)
    expect(await running.exited).toEqual({ code: 1, signal: null })
    const lines = running.text.trimEnd().split('\n')
    expect(lines).toEqual([
      `[vite-tether] This is Node ${version}, and vite-tether needs Node ^20.19.0 || >=22.12.0.`,
      `Install a newer one, as by \`nvm install 22\` or from https://nodejs.org; this one is ${node}.`,
    ])
  },
)

test('a process of Node 18 that connects itself fails by that too', async () => {
  const [version, node] = versions[1]!
  const running = start(node, ['connects.js'])
  expect(await running.exited).toEqual({ code: 1, signal: null })
  expect(running.text).toContain(`This is Node ${version.slice(1)}, and vite-tether needs Node ^20.19.0 || >=22.12.0.`)
})

test('under Vite the first line is that of Vite about its Node', async () => {
  const [version, node] = versions[2]!
  const running = start(node, [join(repository, 'node_modules/vite/bin/vite.js'), '--port', '0'])
  await running.match(/it runs/)
  expect(running.text.trimStart()).toMatch(
    `You are using Node.js ${version.slice(1)}. Vite requires Node.js version 20.19+`,
  )
})
