/** Whoever reads the output is gone, as with `vite-tether app.ts | head -1`: the command ends, as node does, and its app with it. */
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { isAlive, run, until } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

test.each([
  // without a flag it is the app that writes there, and ends: the command says so where it is still read
  ['stdout', ['--once']],
  ['both', []],
  ['both', ['--once']],
] as const)('nobody reads %s any more, with the flags %o', async (what, flags) => {
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'app.ts': "console.log('app ' + process.pid)\nsetInterval(() => console.log('tick'), 20)",
  })
  const running = run(process.execPath, [cli, ...flags, 'app.ts'], { cwd: project.root })
  onTestFinished(() => running.end())
  const [, pid] = await running.match(/^app (\d+)$/m)
  running.child.stdout!.destroy()
  if (what === 'both') running.child.stderr!.destroy()
  expect(await running.exited).toEqual({ code: 1, signal: null })
  await until(() => !isAlive(Number(pid)), 'the end of the app')
})
