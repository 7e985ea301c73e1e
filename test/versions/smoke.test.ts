/** The first things that a user meets, under each version of Node that is supported and is not the one that runs the tests. */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, run, until } from '../support/child.ts'
import { createProject } from '../support/project.ts'

const bin = resolve(import.meta.dirname, '../../bin/vite-tether.js')
const installed = join(import.meta.dirname, 'node_modules')

const versions = readdirSync(installed)
  .filter((name) => /^node\d+$/.test(name))
  .map((name) => join(installed, name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node'))
  .map((node) => [execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(), node] as const)
console.info(`Node ${versions.map(([version]) => version).join(', ')}`)

const { VITEST: _, NODE_ENV: __, ...env } = process.env

/** Asks on a connection of its own; whatever fails is an answer too. */
function ask(port: number): Promise<string> {
  return new Promise((answer) => {
    get({ port, agent: new Agent() }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => answer(text))
    }).on('error', (error) => answer(`failed: ${error.message}`))
  })
}

/** Asks without a pause until `end()`, which returns what was no answer of the app's. */
function askAlways(port: number): { end(): Promise<string[]> } {
  const wrong: string[] = []
  let goesOn = true
  const done = Promise.all(
    [1, 2].map(async () => {
      while (goesOn) {
        const answer = await ask(port)
        if (!/^v\d+/.test(answer)) wrong.push(answer)
      }
    }),
  )
  return {
    async end() {
      goesOn = false
      await done
      return wrong
    },
  }
}

test.each(versions)('%s: start, update, restart, ports, errors, attach, --once', async (version, node) => {
  const port = await freePort()
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'tsconfig.json': '{ "compilerOptions": { "paths": { "#lib/*": ["./lib/*"] } } }',
    'server.ts': `
      import { createServer } from 'node:http'
      import { leaf } from './leaf.js'
      import { name } from '#lib/name'
      createServer((_, res) => res.end([process.version, process.pid, leaf(), name].join(' '))).listen(${port})
      import.meta.hot?.accept()`,
    'leaf.ts': `export const leaf = (): string => 'one'`,
    'lib/name.ts': `enum Name { of = 'x' }\nexport const name: string = Name.of`,
    'worker.ts': `import { leaf } from './leaf.ts'\nconsole.log('worker ' + process.version + ' ' + leaf())\nimport.meta.hot?.accept()\nsetInterval(() => {}, 1e9)`,
    'once.ts': `import { leaf } from './leaf'\nconsole.log('once ' + process.version + ' ' + leaf())\nprocess.exitCode = 7`,
  })
  const start = (...args: string[]) => {
    const started = run(node, [bin, ...args], { cwd: project.root, env: { ...env, NO_COLOR: '1' } })
    onTestFinished(() => started.end())
    return started
  }

  const app = start('--attach', String(await freePort()), 'server.ts')
  const [, url, token] = await app.match(/attach at (ws:\S+), their token is in (\S+)/)
  const first = await until(async () => {
    const text = await ask(port)
    return text.startsWith(version) && text
  }, 'the first answer')
  expect(first).toMatch(/ one x$/)
  const [, pid] = first.split(' ')

  const clients = askAlways(port)
  const shows = (text: RegExp) => until(async () => text.test(await ask(port)), `an answer like ${text}`)
  project.edit('leaf.ts', 'one', 'two')
  await app.match(/hot updated: server\.ts/)
  await shows(new RegExp(`^${version} ${pid} two x$`))

  // an error leaves what runs
  project.write('leaf.ts', 'export const leaf = (')
  await app.match(/leaf\.ts:1/)
  await shows(/ two x$/)
  project.write('leaf.ts', `export const leaf = (): string => 'three'`)
  await shows(new RegExp(`^${version} ${pid} three x$`))

  // nobody can do without a new process when a file for all is touched
  project.write('.env', 'A=1')
  await app.match(/restarted: .*\.env/)
  await until(async () => !(await ask(port)).includes(` ${pid} `), 'another process')
  expect(await clients.end()).toEqual([])

  const worker = start('attach', '--token-file', token!, url!, 'worker.ts')
  await worker.match(new RegExp(`worker ${version} three`))
  project.edit('leaf.ts', 'three', 'four')
  await worker.match(new RegExp(`worker ${version} four`))
  await shows(/ four x$/)

  const once = start('--once', 'once.ts')
  expect(await once.exited).toMatchObject({ code: 7 })
  expect(once.text).toContain(`once ${version} four`)
})
