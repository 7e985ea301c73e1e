/** Apps that are about processes. */
import { type App, cjs, es } from './tsx-app.ts'

export const processes: Record<string, App> = {
  'arguments, environment, stdin': {
    ...es(
      "let input = ''; for await (const chunk of process.stdin) input += chunk\nconsole.log(process.argv.slice(2), input, process.env.FROM_FILE, process.env.NODE_ENV, typeof process.send)",
      { '.env': 'FROM_FILE=yes' },
    ),
    flags: ['--env-file=.env'],
    args: ['a', '--b', '--', 'c'],
    input: 'typed',
  },
  'the exit code is set': es('process.exitCode = 5'),
  'the entry throws': es("console.log('before'); throw new Error('boom')"),
  'nobody handles a rejection': es("Promise.reject(new Error('boom')); setTimeout(() => console.log('never'), 1000)"),
  'top-level await of what never comes': es('await new Promise(() => {})'),
  'what the entry throws is caught': es(
    "process.on('uncaughtException', (error) => console.log('caught', error.message)); setTimeout(() => console.log('later'), 20); throw new Error('boom')",
  ),
  'events of the process': es(
    "let n = 0; process.on('beforeExit', (code) => { console.log('before', code); if (n++ < 1) setTimeout(() => {}, 10) }); process.on('exit', (code) => console.log('exit', code))",
  ),
  'a signal that is handled': es(
    "process.on('SIGTERM', () => { console.log('term'); process.exit(9) }); setTimeout(() => process.kill(process.pid, 'SIGTERM'), 10); setTimeout(() => {}, 5000)",
  ),
  'positions in a stack': es(
    "interface A {\n  x: 1\n}\nfunction f() {\n  console.log(new Error('x').stack!.split('\\n')[1]!.trim())\n}\nf()",
  ),
  'fork() and its exit code': es(
    "import { fork } from 'node:child_process'; fork(new URL('./c.ts', import.meta.url).pathname, ['a']).on('message', (m) => console.log(m)).on('exit', (code) => console.log('exit', code))",
    {
      'c.ts':
        'process.send!([process.argv[2], process.argv.length] as unknown[]); process.disconnect(); process.exitCode = 3',
    },
  ),
  'spawn() with execArgv': es(
    "import { spawnSync } from 'node:child_process'; console.log(spawnSync(process.execPath, [...process.execArgv, import.meta.dirname + '/c.ts'], { encoding: 'utf8' }).stdout)",
    { 'c.ts': "const x: number = 1; console.log('child', x, process.argv.length)" },
  ),
  cluster: cjs(
    `import cluster from 'node:cluster'
     if (cluster.isPrimary) { cluster.fork(); cluster.on('message', (worker, message) => { console.log(message); worker.kill() }) }
     else process.send!('worker' as string)`,
  ),
  'a thread, for which tsx needs help on Node 20': {
    ...es(
      "import { Worker } from 'node:worker_threads'; new Worker(new URL('./w.ts', import.meta.url), { workerData: 5 }).on('message', (m) => console.log(m))",
      {
        'w.ts':
          "import { parentPort, workerData } from 'node:worker_threads'; parentPort!.postMessage(workerData as number)",
      },
    ),
    ...(process.versions.node.startsWith('20.') && { differs: '5\n' }),
  },
}
