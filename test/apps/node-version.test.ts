/** The command under a node that is too old, and under Bun. It is only said to be: the file that looks at the version has to be readable by all. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { run } from '../support/child.ts'
import { createProject } from '../support/project.ts'

const root = join(import.meta.dirname, '../..')
const bin = join(root, 'bin/vite-tether.js')

async function runAs(version: string, words: string[], more: Record<string, string> = {}, file = bin) {
  const versions = JSON.stringify({ node: version, ...more })
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, ...${versions} } })`
  const app = run(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, file, ...words])
  onTestFinished(() => app.end())
  const { code } = await app.exited
  return { code, lines: app.text.trimEnd().split('\n') }
}

test.each(['18.20.8', '20.18.3', '21.7.3', '22.11.0'])(
  'Node %s is told at once which one is needed, and what to do',
  async (version) => {
    const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const { code, lines } = await runAs(version, ['src/server.ts'])
    expect(code).toBe(1)
    expect(lines).toHaveLength(2)
    expect(lines[0]).toBe(`[vite-tether] This is Node ${version}, and vite-tether needs Node ${engines.node}.`)
    expect(lines[1]).toContain('nvm install 22')
    expect(lines[1]).toContain(process.execPath)
  },
)

test.each(['20.19.0', '22.12.0', '23.0.0'])('Node %s runs the command', async (version) => {
  const { code, lines } = await runAs(version, ['--version'])
  expect(code).toBe(0)
  expect(lines[0]).toMatch(/vite-tether|^\d/)
})

test('Bun is told that it needs node, by the command and by the plugin', async () => {
  const command = await runAs('24.0.0', ['--port', '4000', 'src/app.ts'], { bun: '1.4.5' })
  expect(command.code).toBe(1)
  expect(command.lines).toEqual([
    '[vite-tether] This is Bun 1.4.5, and vite-tether runs with node: `npx vite-tether --port 4000 src/app.ts`, or bunx without --bun.',
  ])
  // Vite itself does otherwise there from its first file on
  const pretend = "Object.defineProperty(process, 'versions', { value: { ...process.versions, bun: '1.4.5' } })"
  const imports = `import { tether } from ${JSON.stringify(join(root, 'dist/index.js'))}`
  const project = createProject({
    'vite.config.js': `${imports}\n${pretend}\nexport default { plugins: [tether()] }`,
  })
  const vite = await runAs(process.versions.node, [project.root], {}, join(root, 'node_modules/vite/bin/vite.js'))
  expect(vite.code).toBe(1)
  expect(vite.lines.join('\n')).toMatch(/vite-tether needs node, got Bun 1\.4\.5.*run Vite without `bun --bun`/)
})

test('the file that looks at the version is one that an old node can read', () => {
  const text = readFileSync(bin, 'utf8')
  expect(text).not.toMatch(/^import |\bawait [^(`]|\?\?=|#\w+ ?\(|\bstatic \{/m)
})
