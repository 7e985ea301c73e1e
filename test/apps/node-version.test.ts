/** The command under a node that is too old. It is only said to be: the file that looks at the version has to be readable by all. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { run } from '../support/child.ts'

const root = join(import.meta.dirname, '../..')
const bin = join(root, 'bin/vite-tether.js')

async function runAs(version: string, words: string[]) {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
  const app = run(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, bin, ...words])
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

test('the file that looks at the version is one that an old node can read', () => {
  const text = readFileSync(bin, 'utf8')
  expect(text).not.toMatch(/^import |\bawait [^(`]|\?\?=|#\w+ ?\(|\bstatic \{/m)
})
