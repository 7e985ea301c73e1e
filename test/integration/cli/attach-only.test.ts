import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { run } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))
const index = new URL('../../../dist/index.js', import.meta.url).href

function start(options: string, flags: string[] = []) {
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'vite.config.js': `import { tether } from '${index}'\nexport default { plugins: [tether(${options})] }`,
    'main.js': "console.log('runs here')",
  })
  const running = run(process.execPath, [cli, ...flags], { cwd: project.root })
  onTestFinished(() => running.end())
  return { project, running }
}

test('a config with attach and no entry serves runners, and says how they attach', async () => {
  const { project, running } = start('{ attach: true }')
  const [, words] = await running.match(/ready for runners: vite-tether (attach .*) <entry>/)
  const worker = run(process.execPath, [cli, ...words!.split(' '), 'main.js'], { cwd: project.root })
  onTestFinished(() => worker.end())
  await worker.match(/^runs here$/m)
  await running.match(/attached from/)
})

test.each([
  ['{}', []],
  ['{ attach: true }', ['--once']],
])('without an entry, tether(%s) %j ends with what to write', async (options, flags) => {
  const { running } = start(options, flags as string[])
  expect(await running.exited).toMatchObject({ code: 1 })
  expect(running.text).toMatch(/Expected an entry: vite-tether src\/server\.ts/)
})
