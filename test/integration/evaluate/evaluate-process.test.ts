import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createRecords } from '../../../src/server/modules/records.ts'
import { bundle, run, tempFolder } from '../../support/child.ts'
import { evaluation } from '../../support/evaluate.ts'
import { fetchAll } from '../../support/records.ts'

const main = `import { readFileSync } from 'node:fs'
import { crash } from './crash'
interface Step { name: string }
type Steps = Step['name'][]
export * from './crash'
export function main(steps: Steps): void {
  if (steps.includes('log')) console.log(new Error('logged'))
  if (steps.includes('node')) {
    try { readFileSync(1.5 as never) } catch (error) { console.log((error as Error).stack) }
    console.log(new TypeError('typed').stack!.split('\\n')[0])
    console.log(Object.assign(new Error('named'), { name: 'Custom' }).stack!.split('\\n')[0])
  }
  if (steps.includes('reject')) Promise.reject(new Error('rejected'))
  if (steps.includes('later')) setTimeout(() => crash('later'), 1)
  if (steps.includes('catch')) try { crash('caught') } catch (error) { console.log((error as Error).stack) }
  if (import.meta.hot) import.meta.hot.accept()
}
`
const crash = 'type Reason = string\n\nexport function crash(reason: Reason): never {\n  throw new Error(reason)\n}\n'

const folder = tempFolder()
let script: string
beforeAll(async () => {
  script = await bundle(fileURLToPath(new URL('../../fixtures/evaluate/plain.ts', import.meta.url)), folder.path)
})
afterAll(() => folder.remove())

/** Runs the steps and returns everything that was printed. */
async function output(...steps: string[]): Promise<{ text: string; code: number | null; root: string }> {
  const { root, server } = await evaluation({ 'main.ts': main, 'crash.ts': crash })
  const answer = await fetchAll(createRecords(server.environments.ssr), '/main.ts')
  const file = join(folder.path, 'answers.json')
  writeFileSync(file, JSON.stringify({ root, answers: { '/main.ts': answer } }))
  const child = run(process.execPath, [script, file, ...steps])
  onTestFinished(() => child.end())
  const { code } = await child.exited
  return { text: child.text, code, root }
}

test('a process of plain Node prints errors in source positions when they are logged', async () => {
  const { text, root, code } = await output('log', 'catch')
  expect(text).toContain(`Error: logged\n    at main (${root}/main.ts:7:42)`)
  expect(text).toContain(`Error: caught\n    at crash (${root}/crash.ts:4:9)\n    at main (${root}/main.ts:15:38)`)
  expect(code).toBe(0)
})

test('a process of plain Node prints nothing of its own', async () => {
  expect((await output()).text).toBe('')
})

test('a process of plain Node prints uncaught errors and rejections in source positions', async () => {
  const later = await output('later')
  expect(later.text).toContain(`Error: later\n    at crash (${later.root}/crash.ts:4:9)`)
  expect(later.code).toBe(1)
  const reject = await output('reject')
  expect(reject.text).toContain(`Error: rejected\n    at main (${reject.root}/main.ts:13:`)
})

test('a process of plain Node has the headers that Node writes', async () => {
  const { text } = await output('node')
  expect(text).toMatch(/^TypeError \[ERR_[A-Z_]+\]: The/)
  expect(text).toContain('\nTypeError: typed\nCustom: named\n')
})

test('a process of plain Node asks a hook that was there before, with source positions', async () => {
  const { text, root } = await output('user-hook', 'catch')
  expect(text).toContain(`hooked caught ${root}/crash.ts:4`)
})

test('a process of plain Node works while Object.prototype is frozen', async () => {
  const { text, root, code } = await output('freeze', 'log', 'catch', 'node')
  expect(text).toContain(`Error: caught\n    at crash (${root}/crash.ts:4:9)`)
  expect(code).toBe(0)
})

test('a process of plain Node maps stacks after Buffer has been removed', async () => {
  const { text, root } = await output('no-buffer', 'catch')
  expect(text).toContain(`at crash (${root}/crash.ts:4:9)`)
})
