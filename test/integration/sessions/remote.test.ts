import { once } from 'node:events'
import { get } from 'node:https'
import { hostname } from 'node:os'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { createServer } from 'vite'
import { expect, onTestFinished, test } from 'vitest'
import { getTether, tether } from '../../../src/index.ts'
import { freePort, run } from '../../support/child.ts'
import { createCertificate, createRemoteHost, outsideAddress, whyNoNamespaces } from '../../support/network.ts'
import { createProject } from '../../support/project.ts'
import { createSlowLine } from '../../support/slow-line.ts'
import { attach, startServer } from '../../support/tether.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

const SERVER = {
  'src/worker.ts': `
    import { existsSync, readFileSync } from 'node:fs'
    import { where } from 'both'
    import def, { named } from 'only-worker'
    import { job } from './jobs/job.ts'

    const attempt = async (work: () => unknown) => {
      try { return await work() } catch (error) { return (error as Error).message }
    }
    console.log(JSON.stringify({
      job: job(),
      url: import.meta.url,
      paths: [import.meta.filename, import.meta.dirname],
      packages: [where, def.named, named],
      sources: existsSync(process.argv[2]!),
      beside: await attempt(() => readFileSync(new URL('./worker.ts', import.meta.url))),
      missing: await attempt(() => import('only-server')),
      stack: new Error('here').stack!.split('\\n')[1],
    }))
    setInterval(() => {}, 1000)
    import.meta.hot?.accept('./jobs/job.ts', (next) => console.log(next!.job()))
  `,
  'src/jobs/job.ts': "export const job = (): string => 'one'",
  'node_modules/both/package.json': '{ "type": "module", "exports": "./index.js" }',
  'node_modules/both/index.js': 'export const where = "server"',
  'node_modules/only-server/package.json': '{ "type": "module", "exports": "./index.js" }',
  'node_modules/only-server/index.js': '',
}

const WORKER = {
  'node_modules/both/package.json': '{ "type": "module", "exports": "./index.js" }',
  'node_modules/both/index.js': 'export const where = "worker"',
  'node_modules/only-worker/package.json': '{ "main": "index.cjs" }',
  'node_modules/only-worker/index.cjs': 'exports.named = "cjs"',
}

/** Everything that the worker has to see of itself. */
function expected(root: string) {
  return {
    job: 'one',
    url: `file://${root}/src/worker.ts`,
    paths: [`${root}/src/worker.ts`, `${root}/src`],
    packages: ['worker', 'cjs', 'cjs'],
    sources: false,
    beside: `ENOENT: no such file or directory, open '${root}/src/worker.ts'`,
    missing: expect.stringMatching(
      new RegExp(`^Cannot find package 'only-server' imported from '${root}/src/worker.ts'.*${hostname()}`),
    ),
    stack: expect.stringMatching(new RegExp(`${root}/src/worker\\.ts:18:14`)),
  }
}

const reason = whyNoNamespaces()
if (reason) console.warn(`Skipped: workers on another host. ${reason}`)

test.skipIf(reason)(
  'a worker on another host, without sources, over TLS on a slow line: starts first, runs, is updated, survives the line',
  async () => {
    const project = createProject(SERVER)
    const worker = createProject(WORKER)
    const remote = createRemoteHost()
    const { key, cert, file } = createCertificate(remote.gateway)
    const token = 'shared with the other host'
    const [port, behind] = [await freePort(), await freePort()]
    const host = remote.gateway
    const line = await createSlowLine({ host, port }, { host, port: behind }, { rtt: 40, mbit: 5 })
    const url = `wss://${remote.gateway}:${port}/__tether`
    const { TETHER_TOKEN: _, ...env } = process.env
    const running = remote.run(
      process.execPath,
      [cli, 'attach', '--wait', '30', url, 'src/worker.ts', project.path('src/worker.ts')],
      { cwd: worker.root, hidden: project.root, env: { ...env, TETHER_TOKEN: token, NODE_EXTRA_CA_CERTS: file } },
    )
    const server = await startServer(
      project.root,
      { attach: { host, port: behind, token } },
      { server: { https: { key, cert } } },
    )
    await server.line(/Other machines can reach it/)
    const [seen] = await running.match(/^\{.*\}$/m)
    expect(JSON.parse(seen)).toEqual(expected(worker.root))
    expect(seen).not.toContain(project.root)

    project.edit('src/jobs/job.ts', 'one', 'two')
    await running.match(/^two$/m)
    await running.match(/hot updated: \/src\/jobs\/job\.ts via \/src\/worker\.ts/)

    const events: string[] = []
    for (const name of ['runner:connect', 'runner:resume', 'runner:resync'] as const) {
      server.hub.on(name, () => events.push(name))
    }
    const lost = once(server.hub, 'runner:disconnect')
    line.cut()
    await lost
    project.edit('src/jobs/job.ts', 'two', 'three')
    line.mend()
    await running.match(/^three$/m)
    expect(events).toEqual(['runner:resume'])
    expect(server.hub.runners).toMatchObject([{ kind: 'attached', state: 'connected', host: hostname() }])
  },
  60_000,
)

test('without the certificate of its server a worker says so, and sends nothing', async () => {
  const project = createProject({ 'main.ts': '' })
  const { key, cert } = createCertificate('127.0.0.1')
  const server = await startServer(project.root, { attach: { port: 0 } }, { server: { https: { key, cert } } })
  expect(server.hub.attach!.url).toMatch(/^wss:/)
  await expect(attach(server, project.root)).rejects.toMatchObject({
    code: 'ERR_CONNECT',
    message: expect.stringContaining('certificate'),
  })
  expect(server.hub.runners).toEqual([])
})

test('certificates may be given as files, as Vite takes them', async () => {
  const project = createProject({ 'main.ts': '' })
  const { cert, key } = createCertificate('127.0.0.1')
  project.write('cert.txt', cert.toString())
  project.write('key.txt', key.toString())
  const https = { key: project.path('key.txt'), cert: project.path('cert.txt') }
  const server = await startServer(project.root, { attach: { port: 0 } }, { server: { https } })
  await expect(attach(server, project.root)).rejects.toThrow(/self-signed certificate/)
})

test("on Vite's own https server other hosts attach over TLS, and its pages are served as before", async () => {
  const project = createProject({
    'index.html': '<p>page',
    'main.ts': "console.log('evaluated here')\nsetInterval(() => {}, 1000)",
  })
  const address = outsideAddress() ?? '127.0.0.1'
  const { key, cert, file } = createCertificate(address)
  const server = await createServer({
    root: project.root,
    configFile: false,
    logLevel: 'silent',
    server: { host: '0.0.0.0', port: 0, https: { key, cert } },
    plugins: [tether({ attach: true })],
  })
  onTestFinished(() => server.close())
  await server.listen()
  const hub = getTether(server)
  await hub.ready
  const { port } = server.httpServer!.address() as { port: number }
  expect(hub.attach!.url).toBe(`wss://localhost:${port}/__tether`)
  const args = ['attach', '--token-file', hub.attach!.tokenFile!, `wss://${address}:${port}/__tether`, 'main.ts']
  const worker = run(process.execPath, [cli, ...args], {
    cwd: createProject({}).root,
    env: { ...process.env, NODE_EXTRA_CA_CERTS: file },
  })
  onTestFinished(() => worker.end())
  await worker.match(/evaluated here/)
  const page = await new Promise<string>((resolve, reject) => {
    get(`https://${address}:${port}/`, { ca: cert }, (response) => resolve(text(response))).on('error', reject)
  })
  expect(page).toContain('<p>page')
})
