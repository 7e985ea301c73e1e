/** The first things that a user of Windows meets, with Windows' Node in Wine: as far as Wine goes. */
import { expect, test } from 'vitest'
import { freePort, until } from '../support/child.ts'
import { createProject } from '../support/project.ts'
import { createWindows, installForWindows, noWine, PATIENCE } from './wine.ts'

if (noWine) console.info(`Windows is not tried: ${noWine}`)

test.skipIf(noWine)(
  'Windows: start, update, errors, restart, paths, --once, attach',
  { timeout: 600_000 },
  async () => {
    const port = await freePort()
    const project = createProject({
      'package.json': '{ "type": "module" }',
      'tsconfig.json': '{ "compilerOptions": { "paths": { "#lib/*": ["./lib/*"] } } }',
      'src/server.ts': `
      import { createServer } from 'node:http'
      import { leaf } from './leaf.js'
      import { where } from '#lib/where'
      createServer((_, res) => res.end([process.platform, process.pid, leaf(), where].join(' '))).listen(${port}, '127.0.0.1')
      import.meta.hot?.accept()`,
      'src/leaf.ts': `export const leaf = (): string => 'one'`,
      'lib/where.ts': `
      import { fileURLToPath } from 'node:url'
      import old from './old.cjs'
      enum Is { main = 'main', not = 'not' }
      export const where: string = [import.meta.filename === fileURLToPath(import.meta.url), import.meta.dirname.endsWith('\\\\lib'), old].join()`,
      'lib/old.cjs': `module.exports = require('node:path').basename(__filename)`,
      'src/worker.ts': `import { leaf } from './leaf.ts'\nconsole.log('worker ' + process.platform + ' ' + leaf())\nimport.meta.hot?.accept()\nsetInterval(() => {}, 1e9)`,
      'src/throws.ts': `export function fail(): never {\n  throw new Error('on purpose')\n}`,
      'src/once.ts': `
      import { fail } from './throws.ts'
      console.log('once ' + process.platform + ' ' + process.argv.slice(2).join())
      try { fail() } catch (error) { console.log((error as Error).stack) }
      process.exitCode = 7`,
    })
    const bin = installForWindows(project.root)
    const windows = createWindows(createProject({}).root)
    const ask = (patience = 5000) =>
      fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' }, signal: AbortSignal.timeout(patience) })
        .then((response) => response.text())
        .catch((error: Error) => `failed: ${(error.cause as { code?: string } | undefined)?.code ?? error.message}`)
    const shows = (text: RegExp) =>
      until(async () => text.exec(await ask()) ?? undefined, `an answer like ${text}`, PATIENCE).catch((error) => {
        throw new Error(`${error.message}; the output was:\n${app.text}`)
      })

    const once = windows.node(project.root, bin, '--once', 'src/once.ts', 'a', 'b')
    const { code } = await once.exited
    expect(code, once.text).toBe(7)
    expect(once.text).toMatch(/once win32 a,b/)
    expect(once.text).toMatch(/at fail \(.*src\\throws\.ts:2:9\)/)

    const app = windows.node(project.root, bin, '--attach', String(await freePort()), 'src/server.ts')
    const [, pid] = await shows(/^win32 (\d+) one true,true,old\.cjs$/)
    project.edit('src/leaf.ts', 'one', 'two')
    await app.match(/hot updated: src\/server\.ts \(2 modules/)
    await shows(new RegExp(`^win32 ${pid} two `))

    project.write('src/leaf.ts', 'export const leaf = (')
    await app.match(/src\/leaf\.ts:1/)
    await shows(new RegExp(`^win32 ${pid} two `))
    project.write('src/leaf.ts', `export const leaf = (): string => 'three'`)
    await shows(new RegExp(`^win32 ${pid} three `))

    const answers: string[] = []
    const stop = new AbortController()
    const asking = (async () => {
      while (!stop.signal.aborted) answers.push(await ask(PATIENCE))
    })()
    project.edit('lib/old.cjs', '__filename', '__dirname')
    await app.match(/restarted: lib\/old\.cjs changed/)
    await until(() => answers.at(-1)?.endsWith(',lib'), 'an answer of the next process', PATIENCE)
    stop.abort()
    await asking
    // nobody is refused; but in Wine closing a socket does not end its AcceptEx, so that who comes next is cut
    expect(answers.filter((answer) => answer.endsWith('ECONNREFUSED'))).toEqual([])
    const [, next] = await shows(/^win32 (\d+) three true,true,lib$/)
    expect(next).not.toBe(pid)

    const [, url, token] = await app.match(/attach at (ws:\S+), their token is in (.+)/)
    const worker = windows.node(project.root, bin, 'attach', '--token-file', token!.trim(), url!, 'src/worker.ts')
    await worker.match(/worker win32 three/)
    project.edit('src/leaf.ts', 'three', 'four')
    await worker.match(/worker win32 four/)
    await shows(new RegExp(`^win32 ${next} four `))
    expect(app.text).not.toMatch(/uncaught|unhandled|EADDRINUSE|ERR_/i)
  },
)
