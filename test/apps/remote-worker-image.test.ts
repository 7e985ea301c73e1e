/** The image of examples/remote-worker, built without Docker: the steps of its Dockerfile, each stage in a folder. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { freePort, run } from '../support/child.ts'
import { startExample } from '../support/example.ts'
import { createProject, type Project } from '../support/project.ts'

const repository = resolve(import.meta.dirname, '../..')
const example = join(repository, 'examples/remote-worker')
const read = (file: string) => readFileSync(join(example, file), 'utf8')
const compose = parse(read('compose.yaml')).services.worker

/** The image that Docker makes of the last stage. */
interface Image {
  files: Project
  entrypoint: string[]
  env: Record<string, string>
}

function build(): Image {
  const contexts: Record<string, string> = { '': example }
  for (const [name, folder] of Object.entries(compose.build.additional_contexts as Record<string, string>))
    contexts[name] = resolve(example, folder)
  const image: Image = { files: createProject({}), entrypoint: [], env: {} }
  const lines = read('Dockerfile').replace(/\\\n/g, ' ').split('\n')
  for (const [, name, rest] of lines.flatMap((line) => [/^([A-Z]+)\s+(.*)$/.exec(line) ?? []])) {
    if (name === 'FROM') {
      image.files = createProject({})
      const [, stage] = / AS (\w+)$/.exec(rest!) ?? []
      if (stage) contexts[stage] = image.files.root
    } else if (name === 'COPY') {
      const [, from = '', files] = /^(?:--from=(\S+) )?(.*)$/.exec(rest!)!
      const [target, ...sources] = files!.split(' ').reverse()
      for (const source of sources) copy(contexts[from]!, source, image.files.root, target!)
    } else if (name === 'RUN') {
      // as `npm` on a machine of ours, whose cache stays
      const command = rest!.replace(' && npm cache clean --force', '').replace('npm ci', 'npm ci --prefer-offline')
      execFileSync('sh', ['-c', command], { cwd: image.files.root, stdio: 'pipe' })
    } else if (name === 'ENTRYPOINT') image.entrypoint = JSON.parse(rest!)
    else if (name === 'ENV') image.env = Object.fromEntries(rest!.split(' ').map((each) => each.split('=')))
  }
  return image
}

function copy(context: string, source: string, folder: string, target: string): void {
  // a stage is its own WORKDIR
  const from = join(context, source.replace(/^\/\w+\//, ''))
  const to = target.endsWith('/') ? join(folder, target, basename(from)) : join(folder, target)
  mkdirSync(resolve(to, '..'), { recursive: true })
  cpSync(from, to, { recursive: true })
}

test('the lockfile fits the package as it is, without what changes with each build of it', () => {
  const lock = JSON.parse(read('worker/package-lock.json')) as { packages: Record<string, Record<string, unknown>> }
  const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as Record<string, unknown>
  const { integrity, resolved, workspaces: _, ...locked } = lock.packages['node_modules/vite-tether']!
  expect([integrity, resolved]).toEqual([undefined, 'file:vite-tether.tgz'])
  const fields = ['version', 'license', 'dependencies', 'bin', 'engines', 'peerDependencies', 'peerDependenciesMeta']
  // if not: npm run build && npm run lock -w example-remote-worker
  expect(locked).toEqual(Object.fromEntries(fields.map((field) => [field, manifest[field]])))
  for (const [name, { integrity }] of Object.entries(lock.packages))
    if (name !== '' && name !== 'node_modules/vite-tether')
      expect([name, integrity]).toEqual([name, expect.any(String)])
})

test.skipIf(process.platform === 'win32')(
  'the image builds from what is committed and built, holds no Vite, sources or secrets, and its worker takes jobs until it is stopped',
  async () => {
    const attachPort = await freePort()
    const app = await startExample('remote-worker', { ATTACH_PORT: String(attachPort) })
    const { files, entrypoint, env } = build()
    expect(readdirSync(files.root).sort()).toEqual(['node_modules', 'package-lock.json', 'package.json'])
    expect(readdirSync(files.path('node_modules')).sort()).toEqual([
      '.bin',
      '.package-lock.json',
      'birpc',
      'obug',
      'picocolors',
      'vite-tether',
      'ws',
    ])
    expect(existsSync(files.path('node_modules/vite-tether/dist/client.js'))).toBe(true)
    for (const file of ['worker/package.json', 'worker/package-lock.json'])
      expect(read('.dockerignore')).toContain(`!${file}\n`)

    const health = await freePort()
    const [command, ...args] = entrypoint
    const url = `wss://localhost:${attachPort}/__tether`
    const worker = run(command!, [...args, '--token-file', app.path('.secrets/token.key'), url, 'src/worker.ts'], {
      cwd: files.root,
      env: {
        ...{ PATH: process.env.PATH, ...env, HEALTH: String(health) },
        ...{ NODE_EXTRA_CA_CERTS: app.path('.secrets/cert.pem'), QUEUE_URL: `http://localhost:${app.port}` },
      },
    })
    onTestFinished(() => worker.end())
    await worker.match(/takes jobs of/)
    expect((await fetch(`http://localhost:${health}/ready`)).status).toBe(200)
    await app.post('/jobs', { name: 'shout', payload: 'hello' })
    const done = async () => ((await app.get('/jobs/1')) as { result?: string }).result
    await expect.poll(done, { timeout: 10_000 }).toBe('HELLO')
    // process 1 of the container is the worker: the shell has given it its place
    process.kill(worker.pid, 'SIGTERM')
    expect(await worker.exited).toEqual({ code: null, signal: 'SIGTERM' })
  },
  60_000,
)
