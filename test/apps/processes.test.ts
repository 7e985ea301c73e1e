/** Processes and threads that an app starts run its files as the app itself does; a save of what they have loaded restarts it. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { run } from '../support/child.ts'
import { createProject } from '../support/project.ts'
import { startServer } from '../support/tether.ts'

const MODULE = { 'package.json': '{ "type": "module" }' }
const LIB = {
  'tsconfig.json': '{ "compilerOptions": { "target": "es2022", "paths": { "@/*": ["./src/*"] } } }',
  'src/lib.ts': "enum Kind { Lib = 'lib v1' }\nexport const lib: string = Kind.Lib + ' ' + import.meta.env.MODE",
}

test('fork() of a TypeScript file, with argv as under node; its save and that of what it imports restart the app', async () => {
  const { result, project, line, lines } = await startApp(
    {
      ...MODULE,
      ...LIB,
      'src/main.ts': `import { fork } from 'node:child_process'
        const child = fork(new URL('./child.ts', import.meta.url).pathname, ['a', '--b'])
        child.on('message', (message) => console.log('result ' + JSON.stringify(message)))
        setInterval(() => {}, 1e9)`,
      'src/child.ts': `import { lib } from '@/lib'
        const { argv, connected } = process
        const secrets = JSON.stringify([argv, process.execArgv, process.env])
        process.send!({ argv: argv.slice(1), connected, lib, hot: typeof import.meta.hot, main: import.meta.main, secrets })
        process.once('message', () => process.disconnect())`,
    },
    { args: ['own'] },
  )
  const { secrets, ...rest } = await result()
  expect(rest).toEqual({
    argv: [project.path('src/child.ts'), 'a', '--b'],
    ...{ connected: true, lib: 'lib v1 development', hot: 'undefined', main: true },
  })
  const [, invitation] = /invitation=([^&"]+)/.exec(secrets)!
  const file = decodeURIComponent(invitation!)
  expect(statSync(file).mode & 0o077).toBe(0)
  const { secret } = JSON.parse(readFileSync(file, 'utf8'))
  expect(secrets).not.toContain(secret)

  project.edit('src/lib.ts', 'v1', 'v2')
  await line(/restarted: src\/lib\.ts changed \(loaded natively\)/)
  await line(/lib v2 development/)
  expect(lines.filter((each) => each.includes('restarted'))).toHaveLength(1)
})

test('what the helpers need to find the server is gone with it', async () => {
  const { lines, server, line } = await startApp({
    ...MODULE,
    'src/main.ts': "console.log('flags ' + process.execArgv.join(' '))\nsetInterval(() => {}, 1e9)",
  })
  await line(/^flags /)
  const file = decodeURIComponent(/invitation=([^&]+)/.exec(lines.join('\n'))![1]!)
  expect(existsSync(file)).toBe(true)
  await server.close()
  expect(existsSync(file)).toBe(false)
})

test('cluster.fork() runs the entry again in workers that share a port', async () => {
  const { line, project } = await startApp({
    'package.json': '{}',
    ...LIB,
    'src/main.ts': `import cluster from 'node:cluster'
      import { createServer } from 'node:http'
      import { lib } from './lib'
      let listening = 0
      if (cluster.isPrimary) {
        for (const _ of [1, 2]) cluster.fork()
        cluster.on('listening', async (_, { port }) => {
          if (++listening < 2) return
          const answer = await fetch('http://127.0.0.1:' + port)
          console.log('cluster: ' + await answer.text())
        })
      } else {
        createServer((_, response) => response.end(lib + ' ' + (require.main === module))).listen(0, '127.0.0.1')
      }`,
  })
  await line(/^cluster: lib v1 development true/)
  project.edit('src/lib.ts', 'v1', 'v2')
  await line(/^cluster: lib v2 development true/)
})

test('worker threads run TypeScript, as ES modules and as CommonJS', async () => {
  const { result, project, line } = await startApp({
    ...MODULE,
    ...LIB,
    'src/main.ts': `import { once } from 'node:events'
      import { Worker } from 'node:worker_threads'
      const answer = async (worker: Worker) => (await once(worker, 'message'))[0]
      const urls = ['./w.ts', './w.cts', './w.mts', './w.js'].map((file) => new URL(file, import.meta.url))
      const answers = await Promise.all(urls.map((url) => answer(new Worker(url, { workerData: 7, argv: ['x'] }))))
      answers.push(await answer(new Worker("require('worker_threads').parentPort.postMessage('eval')", { eval: true })))
      console.log('result ' + JSON.stringify(answers))
      setInterval(() => {}, 1e9)`,
    'src/w.ts': `import { parentPort, workerData, isMainThread } from 'node:worker_threads'
      import { lib } from '@/lib'
      parentPort!.postMessage([lib, workerData, isMainThread, process.argv.slice(2)])`,
    'src/w.cts': `const { parentPort } = require('node:worker_threads') as typeof import('node:worker_threads')
      parentPort!.postMessage([require('./lib').lib, require.main === module])`,
    'src/w.mts': "import { parentPort } from 'node:worker_threads'\nparentPort!.postMessage('mts' as string)",
    'src/w.js': "import { parentPort } from 'node:worker_threads'\nparentPort.postMessage('js')",
  })
  const lib = 'lib v1 development'
  expect(await result()).toEqual([[lib, 7, false, ['x']], [lib, true], 'mts', 'js', 'eval'])
  project.edit('src/w.mts', "'mts'", "'new mts'")
  await line(/restarted: src\/w\.mts changed \(loaded natively\)/)
  await line(/"new mts"/)
})

test('a library’s own process may import or require a processor of the app', async () => {
  const { result } = await startApp({
    ...MODULE,
    ...LIB,
    'node_modules/sandbox/package.json': '{ "main": "index.js" }',
    'node_modules/sandbox/index.js': `const { fork } = require('child_process')
      exports.run = (file, how) => new Promise((resolve) => {
        const child = fork(__dirname + '/child.js', [file, how])
        child.on('message', (message) => { resolve(message); child.disconnect() })
      })`,
    'node_modules/sandbox/child.js': `const [, , file, how] = process.argv
      const load = async () => how === 'import' ? import(file) : require(file)
      load().then((processor) => process.send((processor.default ?? processor)()), (error) => process.send(String(error)))`,
    'src/main.ts': `import { run } from 'sandbox'
      const jobs = ['a.ts', 'b.cts', 'c.cjs'].flatMap((file) => ['import', 'require'].map((how) => run(import.meta.dirname + '/' + file, how)))
      console.log('result ' + JSON.stringify(await Promise.all(jobs)))`,
    'src/a.ts': "import { lib } from '@/lib'\nexport default (): string => 'a ' + lib",
    'src/b.cts': "const { lib } = require('./lib') as typeof import('./lib.js')\nexport = (): string => 'b ' + lib",
    'src/c.cjs': "const { lib } = require('./lib')\nmodule.exports = () => 'c ' + lib",
  })
  const all = ['a', 'b', 'c'].flatMap((name) => [`${name} lib v1 development`, `${name} lib v1 development`])
  expect(await result()).toEqual(all)
})

test('threads and forks that are given an execArgv of their own run TypeScript too', async () => {
  const { result } = await startApp({
    ...MODULE,
    ...LIB,
    'src/main.ts': `import childProcess, { fork } from 'node:child_process'
      import { once } from 'node:events'
      import { Worker } from 'node:worker_threads'
      class OwnWorker extends Worker { own = true }
      const file = new URL('./w.ts', import.meta.url)
      const worker = new OwnWorker(file, { execArgv: [] })
      const answers = await Promise.all([
        once(worker, 'message'),
        once(fork(file, { execArgv: ['--no-warnings'] }), 'message'),
        once(childProcess.fork(file, ['x'], { execArgv: [] }), 'message'),
      ])
      console.log('result ' + JSON.stringify([answers.map(([answer]) => answer), worker.own, worker instanceof Worker]))`,
    'src/w.ts': `import { parentPort } from 'node:worker_threads'
      import { lib } from '@/lib'
      const answer: unknown[] = [lib, process.argv.length, process.execArgv.includes('--no-warnings')]
      if (parentPort) parentPort.postMessage(answer)
      else process.send!(answer, () => process.disconnect())`,
  })
  const lib = 'lib v1 development'
  expect(await result()).toEqual([
    [
      [lib, 2, false],
      [lib, 2, true],
      [lib, 3, false],
    ],
    true,
    true,
  ])
})

test('a preload of the app may be TypeScript, and is the instance that the app imports', async () => {
  const project = createProject({
    ...MODULE,
    'src/setup.ts': "export const seen: string[] = ['setup ' + process.argv.slice(1).length]",
    'src/main.ts': "import { seen } from './setup.ts'\nconsole.log('seen ' + seen)",
  })
  const { line } = await startServer(project.root, {
    entry: 'src/main.ts',
    execArgv: ['--import', './src/setup.ts'],
    cwd: project.root,
  })
  await line(/^seen setup 1/)
})

test('a process that has lost its server says so', async () => {
  const { path } = createProject({ 'src/main.ts': "console.log('runs')" })
  const bridge = new URL('../../dist/bridge.js?invitation=/nowhere/invitation.json&app=a', import.meta.url)
  const child = run(process.execPath, [`--import=${bridge}`, path('src/main.ts')])
  await child.match(/vite-tether's loader .*the server that it belongs to is gone \(\/nowhere\/invitation\.json\)/)
  expect((await child.exited).code).toBe(1)
})
