/** Restarts by saves, and the end of Vite by SIGKILL, again and again: what is left of them. */
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, run, until } from '../../support/child.ts'
import { startClients } from '../../support/clients.ts'
import { processesIn } from '../../support/example.ts'
import { measured, scaled } from '../../support/measure.ts'
import { createProject } from '../../support/project.ts'

const cli = fileURLToPath(new URL('../../../bin/vite-tether.js', import.meta.url))
const RESTARTS = 5
const { length: lives, scale } = scaled(20, 2)

const main = (port: number, text: string) => `
  import { createServer } from 'node:http'
  createServer((_, response) => response.end('${text}')).listen(${port})
  createServer((_, response) => response.end('${text}')).listen(0, () => console.log('listens ${text}'))`

const descriptors = (pid: number) => readdirSync(`/proc/${pid}/fd`).length
const children = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).length
const isOpen = (port: number) =>
  new Promise<boolean>((resolve) => {
    const client = connect({ port, host: '127.0.0.1' }, () => {
      client.destroy()
      resolve(true)
    })
    client.on('error', () => resolve(false))
  })

test.runIf(process.platform === 'linux')(
  'restarts and kills of Vite leave no port, no process and no descriptor',
  async (context) => {
    const port = await freePort()
    const project = createProject({ 'package.json': '{ "type": "module" }', 'main.ts': '' })
    let asked = 0
    for (let life = 1; life <= lives; life++) {
      const standby = life % 2 === 1
      project.write('main.ts', main(port, `${life}.0`))
      const vite = run(process.execPath, [cli, ...(standby ? [] : ['--no-standby']), 'main.ts'], { cwd: project.root })
      onTestFinished(() => vite.end())
      await vite.match(/ready in/)
      const quiet = async () => {
        // the app, the shell that ends what it has started, and its next process
        await until(() => children(vite.pid) === (standby ? 3 : 2), 'its processes')
        return descriptors(vite.pid)
      }
      const clients = startClients(`http://127.0.0.1:${port}`, 'new')
      await clients.answer(`${life}.0`)
      let before = Number.POSITIVE_INFINITY
      for (let restart = 1; restart <= RESTARTS; restart++) {
        project.write('main.ts', main(port, `${life}.${restart}`))
        await clients.answer(`${life}.${restart}`)
        if (restart === 1) before = await quiet()
      }
      const ended = await clients.end()
      expect(ended.failures).toEqual([])
      asked += ended.asked
      await until(async () => (await quiet()) <= before, `at most ${before} descriptors of Vite`)
      vite.child.kill('SIGKILL')
      await vite.exited
      await until(() => processesIn(project.root).length === 0, 'all processes to end')
      expect(await isOpen(port)).toBe(false)
    }
    measured(context, { figure: `${lives * RESTARTS} restarts, ${lives} kills; 0 of ${asked} requests failed`, scale })
  },
  600_000,
)
