/** A plain listen in runners that somebody else has started: through `connect()` in a process that does more, and by `vite-tether attach`. */
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, run } from '../../support/child.ts'
import { ask, startKeepApp, startLoad } from '../../support/keep.ts'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))
const version = (text: string) => `export const version = '${text}'`
const accept = 'import.meta.hot.accept()'

/** Ways to listen; all say so. */
const LISTENS: Record<string, (port: number) => string> = {
  'at the top level': (port) => `
    import { createServer } from 'node:http'
    import { version } from './version.ts'
    createServer((_, response) => response.end(version)).listen(${port}, () => (globalThis.say ?? console.log)('listens'))
    ${accept}`,
  'awaited, in another module': (port) => `
    import { createServer } from 'node:http'
    import { version } from './version.ts'
    import { listen } from './listen.ts'
    await listen(createServer((_, response) => response.end(version)), ${port})
    ${accept}`,
  'in a function that nobody awaits': (port) => `
    import { setTimeout } from 'node:timers/promises'
    import { createServer } from 'node:http'
    import { version } from './version.ts'
    async function bootstrap() {
      await setTimeout(10)
      const server = createServer((_, response) => response.end(version))
      await setTimeout(10)
      server.listen(${port}, '127.0.0.1', () => (globalThis.say ?? console.log)('listens'))
    }
    bootstrap()
    ${accept}`,
}
const files = (main: string) => ({
  'src/main.ts': main,
  'src/version.ts': version('0'),
  'src/listen.ts': `
    export const listen = (server, port) => new Promise((resolve) => server.listen(port, () => { (globalThis.say ?? console.log)('listens'); resolve() }))`,
})

test.each(Object.entries(LISTENS))('connect(): a listen %s is taken over, and nobody is refused', async (_, main) => {
  const port = await freePort()
  const app = await startKeepApp(files(main(port)))
  await expect.poll(() => ask(port)).toBe('200 0')
  const load = startLoad(port)
  for (let update = 1; update <= 20; update++) {
    expect(await app.after(() => app.write('src/version.ts', version(String(update))))).toMatchObject({
      outcome: 'updated',
    })
    expect(await ask(port)).toBe(`200 ${update}`)
  }
  const answers = Object.keys(await load.stop())
  expect(answers.filter((each) => !/^200 \d+$/.test(each))).toEqual([])
  await app.close()
})

test('connect(): a failed update leaves the old server, one that listens elsewhere or not at all closes it', async () => {
  const [port, other] = [await freePort(), await freePort()]
  const main = LISTENS['at the top level']!
  const app = await startKeepApp(files(main(port)))
  await expect.poll(() => ask(port)).toBe('200 0')
  const outcome = async (code: string) => (await app.after(() => app.write('src/main.ts', code))).outcome
  expect(await outcome(`${main(port)}\nthrow new Error('no')`)).toBe('failed')
  expect(await ask(port)).toBe('200 0')
  expect(await outcome(main(other))).toBe('updated')
  expect([await ask(port), await ask(other)]).toEqual(['ECONNREFUSED', '200 0'])
  expect(await outcome(accept)).toBe('updated')
  expect(await ask(other)).toBe('ECONNREFUSED')
})

test.each(Object.entries(LISTENS))('vite-tether attach: a listen %s is taken over', async (_, main) => {
  const port = await freePort()
  const project = createProject({ 'package.json': '{ "type": "module" }', ...files(main(port)) })
  const { hub } = await startServer(project.root, { attach: true })
  const { url, tokenFile } = hub.attach!
  const words = ['attach', '--token-file', tokenFile!, url, 'src/main.ts']
  const worker = run(process.execPath, [cli, ...words], { cwd: createProject({}).root })
  onTestFinished(() => worker.end())
  await worker.match(/^listens$/m)
  const load = startLoad(port)
  for (let update = 1; update <= 5; update++) {
    const applied = new Promise((resolve) => hub.once('update:applied', (_, report) => resolve(report.outcome)))
    project.write('src/version.ts', version(String(update)))
    expect(await applied).toBe('updated')
    expect(await ask(port)).toBe(`200 ${update}`)
  }
  expect(Object.keys(await load.stop()).filter((each) => !/^200 \d+$/.test(each))).toEqual([])
  expect(hub.runners).toMatchObject([{ pid: worker.pid }])
})
