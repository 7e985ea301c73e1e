import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, type Running, run } from '../support/child.ts'
import { startExample } from '../support/example.ts'
import { createProject } from '../support/project.ts'

const repository = resolve(import.meta.dirname, '../..')

test('examples/remote-worker: workers without sources take jobs, get new code between two of them, and leave when told to', async () => {
  const port = await freePort()
  const app = await startExample('remote-worker', { ATTACH_PORT: String(port) })
  const start = (): Running => {
    const args = ['attach', '--token-file', app.path('.secrets/token.key'), '--wait', '60']
    const worker = run(
      process.execPath,
      [join(repository, 'bin/vite-tether.js'), ...args, `wss://localhost:${port}/__tether`, 'src/worker.ts'],
      {
        cwd: createProject({}).root,
        env: {
          PATH: process.env.PATH,
          NODE_EXTRA_CA_CERTS: app.path('.secrets/cert.pem'),
          QUEUE_URL: `http://localhost:${app.port}`,
        },
      },
    )
    onTestFinished(() => worker.end())
    return worker
  }
  const workers = [start(), start()]
  for (const worker of workers) await worker.match(/takes jobs of/)

  let last = 0
  const shout = async () => {
    await app.post('/jobs', { name: 'shout', payload: 'hello' })
    last++
    const done = () => app.get(`/jobs/${last}`) as Promise<{ result?: string; worker: string }>
    await expect.poll(async () => (await done()).result, { timeout: 10_000 }).toBeDefined()
    return done()
  }
  expect(await shout()).toMatchObject({ result: 'HELLO', worker: expect.stringMatching(/:\d+$/) })

  app.edit('src/handlers.ts', 'text.toUpperCase()', 'text.toUpperCase() + "!"')
  for (const worker of workers) await worker.match(/hot updated: \/src\/handlers\.ts via \/src\/worker\.ts/)
  const { result, worker } = await shout()
  expect(result).toBe('HELLO!')
  expect(workers.map(({ pid }) => String(pid))).toContain(worker.split(':').at(-1))

  for (const { pid } of workers) process.kill(pid, 'SIGTERM')
  for (const { exited } of workers) expect(await exited).toEqual({ code: null, signal: 'SIGTERM' })
}, 60_000)

test('examples/remote-worker: no image and no manifest has the token, or takes more than it needs', () => {
  const read = (file: string) => readFileSync(join(repository, 'examples/remote-worker', file), 'utf8')
  expect(read('.gitignore')).toBe('.secrets\n')
  expect(read('.dockerignore')).toBe('*\n!worker/package.json\n!worker/package-lock.json\n')
  // of the example itself; the rest is the package
  expect(read('Dockerfile').match(/^(COPY|ADD) (?!--from=).*/gm)).toEqual([
    'COPY worker/package.json worker/package-lock.json ./',
  ])
  for (const file of ['Dockerfile', 'compose.yaml', 'kubernetes.yaml']) {
    expect(read(file)).not.toMatch(/TETHER_TOKEN/)
    expect(read(file)).toMatch(/\/run\/secrets\/tether/)
  }
})
