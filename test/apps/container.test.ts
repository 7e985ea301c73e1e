/** The command as process 1 of a container: no terminal, nobody above it, and perhaps no stdin. */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runInContainer, whyNoContainers } from '../support/container.ts'
import { createProject } from '../support/project.ts'

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const reason = whyNoContainers()
if (reason) console.warn(`skipped: ${reason}`)

const APP = {
  'app.ts': `
    import { answer } from './answer.ts'
    process.on('SIGTERM', () => { console.log('terminated'); setTimeout(() => process.exit(7), 50) })
    process.stdin.on('data', () => {}).on('end', () => console.log('stdin ended'))
    setInterval(() => {}, 1e9)
    console.log('up ' + answer + ', parent ' + process.ppid)
    export {}`,
  'answer.ts': "export const answer = 'v1'",
}

test.skipIf(reason).each([
  ['/dev/null', '</dev/null'],
  ['closed', '<&-'],
])('the command as process 1 runs, restarts and ends with the app’s code; stdin is %s', async (_, stdin) => {
  const project = createProject(APP)
  const container = await runInContainer(`exec node ${cli} app.ts ${stdin}`, project.root)
  await container.match(/up v1, parent 1/)
  await container.match(/ready in/)
  await container.match(/stdin ended/)
  for (const [from, to] of [
    ['v1', 'v2'],
    ['v2', 'v3'],
  ] as const) {
    project.edit('answer.ts', from, to)
    await container.match(new RegExp(`up ${to}, parent 1`))
  }
  expect(container.children().filter(({ state }) => state === 'Z')).toEqual([])
  const before = container.text.length
  container.signal('SIGTERM')
  expect(await container.exited).toEqual({ code: 7, signal: null })
  expect(container.text.slice(before).match(/terminated/g)).toHaveLength(1)
})

test.skipIf(reason)('a run that happens once as process 1 ends with the app’s code', async () => {
  const project = createProject({ 'app.ts': "console.log('done ' + process.ppid)\nprocess.exitCode = 3" })
  const container = await runInContainer(`exec node ${cli} --once app.ts <&-`, project.root)
  expect(await container.exited).toEqual({ code: 3, signal: null })
  expect(container.text).toBe('done 1\n')
})
