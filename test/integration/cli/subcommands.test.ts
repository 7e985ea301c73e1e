import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { run } from '../../support/child.ts'
import { createProject, type Project } from '../../support/project.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

function start({ root }: Project, argv: readonly string[]) {
  const running = run(process.execPath, [cli, ...argv], { cwd: root, env: { ...process.env, NO_COLOR: '1' } })
  onTestFinished(() => running.end())
  return running
}

test.each([
  ['watch', 'watch src/main.ts 1', 'vite-tether src/main.ts 1'],
  ['run', 'run src/main.ts', 'vite-tether src/main.ts'],
  ['dev', 'dev', 'vite-tether src/server.ts'],
  ['serve', '--once serve src/main.ts', 'vite-tether src/main.ts'],
  ['node', 'node src/main.ts', 'vite-tether src/main.ts'],
  ['help', 'help', 'vite-tether --help'],
])('a subcommand of another tool, %s, is refused with what to write instead', async (word, line, way) => {
  const running = start(createProject({ 'src/main.ts': '' }), line.split(' '))
  expect((await running.exited).code).toBe(1)
  expect(running.text).toContain(`vite-tether has no subcommand '${word}', and there is no such file`)
  expect(running.text).toMatch(new RegExp(`write: ${way}\n`, 'i'))
})

test.each(['watch', 'watch.js', 'watch/index.ts'])(
  'a file that has the name, %s, is an entry like any other',
  async (file) => {
    const running = start(createProject({ [file]: "console.log('it runs')" }), ['--once', 'watch'])
    expect((await running.exited).code, running.text).toBe(0)
    expect(running.text).toContain('it runs')
  },
)

test('an entry that is yet to be created is waited for', async () => {
  const project = createProject({ 'package.json': '{ "type": "module" }' })
  const running = start(project, ['src/watch.ts'])
  await running.match(/does not exist/)
  project.write('src/watch.ts', "console.log('it runs')")
  await running.match(/it runs/)
})
