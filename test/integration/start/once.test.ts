/** `--once` with all code at hand needs no Vite. */
import { expect, test } from 'vitest'
import { isAlive, until } from '../../support/child.ts'
import { begin, createApp, readStart, startOnce } from '../../support/kept-start.ts'

/** Vite says so as soon as it has a server. */
const LOADED = /vite:config|vite:resolve/
const DEBUG = 'vite-tether:start,vite:config'

test('an app that needs no server is run without one, and its end is the end of the command', async () => {
  const project = createApp({
    'src/main.ts': `console.log('app ' + process.argv.slice(2))
      process.on('exit', () => { process.exitCode = Number(process.env.CODE ?? 0) })
      if (process.env.CODE === '9') process.kill(process.pid, 'SIGKILL')
      if (process.env.CODE === '1') throw new Error('failed')`,
  })
  expect(await startOnce(project)).toMatchObject({ kept: 1 })
  for (const [CODE, code] of Object.entries({ 0: 0, 1: 1, 7: 7, 9: 137 })) {
    const running = begin(project, ['--once'], { CODE, DEBUG })
    expect(await running.exited, running.text).toEqual({ code, signal: null })
    expect(readStart(running)).toEqual({ says: ['app '], begun: 1, kept: 0 })
    expect(running.text).not.toMatch(LOADED)
    if (CODE === '1') expect(running.text).toMatch(/main\.ts:4:\d+\n.*failed/s)
  }
})

test.each<[what: string, code: string]>([
  [
    'an import of what was not imported before',
    "import('./a' + (process.env.LATER ?? '') + '.ts').then(({ value }) => console.log('app ' + value))",
  ],
  [
    'require',
    "import { createRequire } from 'node:module'\nif (process.env.LATER) console.log('app ' + createRequire(import.meta.url)('./ab.ts').value)\nelse console.log('app a')",
  ],
  [
    'a process that it starts',
    "import { fork } from 'node:child_process'\nif (process.env.LATER) fork('./src/forked.ts')\nelse console.log('app a')",
  ],
])('with %s there is a server as soon as it is needed', async (_, code) => {
  const project = createApp({
    'src/main.ts': code,
    'src/a.ts': "export const value: string = 'a'",
    'src/ab.ts': "export const value: string = 'b'",
    'src/forked.ts': "const value: string = 'b'\nconsole.log('app ' + value)",
  })
  expect(await startOnce(project)).toMatchObject({ says: ['app a'], kept: 1 })
  const running = begin(project, ['--once'], { LATER: 'b', DEBUG })
  expect(await running.exited, running.text).toEqual({ code: 0, signal: null })
  expect(readStart(running)).toMatchObject({ says: ['app b'], begun: 1 })
  expect(running.text).toMatch(LOADED)
})

test('a server that runs once closes its port, and ends by a signal and its own handler', async () => {
  const project = createApp({
    'src/main.ts': `import { createServer } from 'node:http'
      const server = createServer()
      server.listen(0, '127.0.0.1', () => server.close(() => console.log('app closed ' + process.pid)))
      if (process.env.STAYS) setInterval(() => {}, 1000)
      process.once('SIGTERM', () => { console.log('app bye'); process.exit(3) })`,
  })
  expect(await startOnce(project)).toMatchObject({ says: [expect.stringMatching(/^app closed \d+$/)], kept: 1 })
  expect(await startOnce(project)).toMatchObject({ says: [expect.stringMatching(/^app closed \d+$/)], begun: 1 })
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const running = begin(project, ['--once'], { STAYS: '1', DEBUG })
    const [, pid] = await running.match(/app closed (\d+)/)
    process.kill(running.pid, signal)
    const exit = await running.exited
    if (signal === 'SIGTERM') expect(exit).toEqual({ code: 3, signal: null })
    await until(() => !isAlive(Number(pid)), 'its end')
    expect(running.text).toContain('app bye')
    expect(running.text).not.toMatch(LOADED)
  }
})
