/** An app that has begun with what the last start has left is updated, restarted and ended like any other. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { freePort, isAlive, type Running, until } from '../../support/child.ts'
import { begin, createApp, readStart } from '../../support/kept-start.ts'
import type { Project } from '../../support/project.ts'

const ACCEPT = 'import.meta.hot?.accept()\n'

/** Starts the app until what it leaves is written, and ends it. */
async function leave(project: Project, env: NodeJS.ProcessEnv = {}): Promise<void> {
  const running = begin(project, [], env)
  await running.match(/modules are kept/)
  process.kill(running.pid, 'SIGTERM')
  await running.exited
}

async function ask(port: number): Promise<string> {
  return until(
    () =>
      fetch(`http://127.0.0.1:${port}`)
        .then((response) => response.text())
        .catch(() => undefined),
    'an answer',
  )
}

const saysTimes = (running: Running, text: string) =>
  readStart(running).says.filter((line) => line === `app ${text}`).length

test('saves right after such a start are applied: an update, a restart, a new file, a syntax error', async () => {
  const PORT = String(await freePort())
  const project = createApp({
    'src/main.ts': [
      "import { createServer } from 'node:http'",
      "import { leaf } from './leaf.ts'\nimport { deep } from './deep.ts'",
      "createServer((_, answer) => answer.end(leaf() + deep)).listen(Number(process.env.PORT), '127.0.0.1')",
      "console.log('app ' + leaf() + deep)",
    ].join('\n'),
    'src/leaf.ts':
      "import { text } from './text.ts'\nexport let leaf = () => text\nimport.meta.hot?.accept('./text.ts', (next) => { leaf = () => next!.text; console.log('app updated ' + leaf()) })",
    'src/text.ts': "export const text = 'one '",
    'src/deep.ts': "export const deep = 'deep'",
  })
  await leave(project, { PORT })
  const running = begin(project, [], { PORT })
  await running.match(/app one deep/)
  // Vite is not there yet
  project.edit('src/text.ts', 'one', 'two')
  await running.match(/app updated two/)
  await running.match(/hot updated: src\/text\.ts/)
  expect(readStart(running).begun).toBe(4)
  expect(await ask(Number(PORT))).toBe('two deep')
  await running.match(/ready in \d+ ms/)

  // the port of this process is held as any other's
  const failures: unknown[] = []
  let isAsking = true
  const asking = (async () => {
    while (isAsking)
      await fetch(`http://127.0.0.1:${PORT}`).then(
        (answer) => answer.text(),
        (error) => failures.push(error),
      )
  })()
  project.edit('src/deep.ts', "'deep'", "'deeper'")
  await running.match(/restarted: nothing accepts src\/deep\.ts/)
  await until(async () => (await ask(Number(PORT))) === 'two deeper', 'the new code')
  isAsking = false
  await asking
  expect(failures).toEqual([])
  project.write('src/deep.js', "export const deep = 'ts it is'")
  project.write('src/new.ts', "export const added = 'new'")
  project.edit('src/deep.ts', /^/, "import { added } from './new.ts'\nconsole.log('app ' + added)\n")
  await running.match(/app new/)
  project.edit('src/text.ts', "'two '", "'two")
  await running.match(/Unterminated string/)
  expect(await ask(Number(PORT))).toBe('two deeper')
  project.edit('src/text.ts', "'two", "'three '")
  await running.match(/app updated three/)
  process.kill(running.pid, 'SIGTERM')
  await running.exited

  // a file came while Vite ran: only the next start but one begins without it
  await leave(project, { PORT })
  const next = begin(project, [], { PORT })
  await next.match(/app three deeper/)
  expect(readStart(next)).toMatchObject({ begun: 5, says: ['app new', 'app three deeper'] })
})

test.each([0, 80, 250])('a save %d ms after such a start runs in the end', async (ms) => {
  const project = createApp({
    'src/main.ts': `import './leaf.ts'\nconsole.log('app main')\nsetInterval(() => {}, 1000)`,
    'src/leaf.ts': `console.log('app one')\n${ACCEPT}`,
  })
  await leave(project)
  const running = begin(project)
  await delay(ms)
  project.edit('src/leaf.ts', 'one', 'two')
  await running.match(/app two/)
  await running.match(/ready in/)
  expect(readStart(running).says.at(-1)).toMatch(/app (?:two|main)/)
  expect(saysTimes(running, 'one')).toBeLessThan(2)
})

test('the process of such a start lives on when the server has taken it', async () => {
  const project = createApp({ 'src/main.ts': "console.log('app ' + process.pid)\nsetInterval(() => {}, 1000)" })
  await leave(project)
  const running = begin(project)
  const [, pid] = await running.match(/app (\d+)/)
  await running.match(/ready in \d+ ms, pid \d+/)
  // a guard that was let go kills after a second
  await delay(1500)
  expect(isAlive(Number(pid))).toBe(true)
  expect(readStart(running).says).toEqual([`app ${pid}`])
  expect(running.text).not.toContain('SIGKILL')
})

test.each<[how: string, env: NodeJS.ProcessEnv]>([
  ['ends', {}],
  ['fails', { FAIL: '1' }],
])('an app that %s before Vite is there has ended: it runs once, and again for a save', async (_, env) => {
  const project = createApp({
    'src/main.ts': "console.log('app one')\nif (process.env.FAIL) throw new Error('failed')",
  })
  await leave(project)
  const running = begin(project, [], env)
  await running.match(/waiting for a save/)
  expect(saysTimes(running, 'one')).toBe(1)
  project.edit('src/main.ts', 'one', 'two')
  await running.match(/app two/)
  expect(readStart(running)).toMatchObject({ begun: 1 })
  expect(saysTimes(running, 'one')).toBe(1)
})

test.each(['SIGINT', 'SIGTERM'] as const)(
  'with %s before Vite is there the app ends by its own handler',
  async (signal) => {
    const project = createApp({
      'src/main.ts': `process.once('${signal}', () => { console.log('app bye'); process.exit(0) })
      console.log('app ' + process.pid)
      setInterval(() => {}, 1000)`,
    })
    await leave(project)
    const running = begin(project)
    const [, pid] = await running.match(/app (\d+)/)
    process.kill(running.pid, signal)
    await running.exited
    expect(readStart(running)).toMatchObject({ says: [`app ${pid}`, 'app bye'], begun: 1 })
    await until(() => !isAlive(Number(pid)), 'its end')
  },
)
