/** A port while a debugger holds the process that has it, or the next one. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { freePort, until } from '../../support/child.ts'
import { attachDebugger } from '../../support/debugger.ts'
import { createProject } from '../../support/project.ts'
import { ask, startLoad } from '../../support/requests.ts'
import { startServer, type TestServer } from '../../support/tether.ts'

const main = (text: string, port: number) => `
  import { createServer } from 'node:http'
  const text = '${text}'
  createServer((_, response) => {
    response.end(text)
  }).listen(${port}, () => console.log('listens ' + text))`

/** The debugger of the `count`th process. */
async function debuggerOf({ lines }: TestServer, count: number) {
  const url = await until(
    () => lines.flatMap((line) => /ebugger listening on (ws:\S+)/.exec(line)?.[1] ?? [])[count - 1],
    `the debugger of process ${count}`,
  )
  return attachDebugger(url)
}

test('clients wait for a next process that waits for a debugger, and stops in it', async () => {
  const port = await freePort()
  const project = createProject({ 'package.json': '{ "type": "module" }', 'main.ts': main('0', port) })
  const app = await startServer(project.root, { entry: 'main.ts', execArgv: ['--inspect-wait=0'] })
  const first = await debuggerOf(app, 1)
  await first.send('Runtime.runIfWaitingForDebugger')
  await app.line(/^listens 0$/)
  const loads = [true, false].map((keepAlive) => startLoad({ port, host: '127.0.0.1' }, keepAlive))
  await until(() => loads.every(({ answers }) => answers.has('0')), 'answers')
  project.edit('main.ts', "'0'", "'1'")
  const second = await debuggerOf(app, 2)
  await second.breakpoint(project.path('main.ts'), 4)
  await second.send('Runtime.runIfWaitingForDebugger')
  expect(await second.stopped()).toMatchObject({ file: project.path('main.ts'), line: 4 })
  const counts = loads.map(({ count }) => count)
  const waiting = ask({ port, host: '127.0.0.1' })
  expect(await second.evaluate('text')).toBe('1')
  expect(loads.map(({ count }) => count)).toEqual(counts)
  await second.go()
  expect((await waiting).body).toBe('1')
  for (const load of loads) {
    await load.end()
    expect(load.failures).toEqual([])
  }
})

/** An app that a debugger has stopped in a request. */
async function stopInRequest() {
  const port = await freePort()
  const project = createProject({ 'package.json': '{ "type": "module" }', 'main.ts': main('0', port) })
  const options = { entry: 'main.ts', execArgv: ['--inspect=0'], stop: { timeout: 1000 } }
  const app = await startServer(project.root, options)
  const client = await debuggerOf(app, 1)
  await app.line(/^listens 0$/)
  await client.breakpoint(project.path('main.ts'), 5)
  const get = () =>
    ask({ port, host: '127.0.0.1' }).then(
      ({ body }) => body,
      ({ code }) => code as string,
    )
  const stopped = get()
  expect(await client.stopped()).toMatchObject({ line: 5 })
  const { pid } = app.hub.runners[0]!
  return { app, project, client, get, stopped, isReplaced: () => app.hub.runners[0]?.pid !== pid }
}

test('a save replaces a process that a debugger has stopped when it goes on, and its request is answered', async () => {
  const { app, project, client, get, stopped, isReplaced } = await stopInRequest()
  project.edit('main.ts', "'0'", "'1'")
  const others = [get(), get()]
  // longer than an app is silent until it is said to be
  expect(await Promise.race([...others, delay(6000, 'nobody is answered')])).toBe('nobody is answered')
  expect(isReplaced()).toBe(false)
  // the others stop there, too
  client.close()
  await app.line(/^listens 1$/)
  expect(await stopped).toBe('0')
  for (const other of await Promise.all(others)) expect(other).toMatch(/^[01]$/)
  expect(await get()).toBe('1')
})

test('a restart ends a process that a debugger has stopped, with its request, and nobody else', async () => {
  const { app, get, stopped, isReplaced } = await stopInRequest()
  const others = [get(), get()]
  await app.hub.restart()
  expect(await Promise.all(others)).toEqual(['0', '0'])
  // what has reached a process that stands still cannot be handed on
  expect(await stopped).toBe('ECONNRESET')
  expect(isReplaced()).toBe(true)
})
