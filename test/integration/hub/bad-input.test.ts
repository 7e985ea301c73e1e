import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { type Running, run, until } from '../../support/child.ts'
import { createProject, type Project } from '../../support/project.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

function start({ root }: Project, argv: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const running = run(process.execPath, [cli, ...argv], { cwd: root, env: { ...process.env, NO_COLOR: '1', ...env } })
  onTestFinished(() => running.end())
  return running
}

/** For what takes its time on a busy machine. */
const seen = (running: Running, pattern: RegExp): Promise<unknown> =>
  until(() => pattern.test(running.text), String(pattern), 60_000)

/** Prints a line and goes on. */
const up = (text: string): string => `console.log('${text}')\nsetInterval(() => {}, 1000)\nexport {}\n`

test('the next good save starts or updates the app, and until then the terminal says what is wrong: when another program has the port', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const code = `import { createServer } from 'node:http'\ncreateServer().listen(${port}, '127.0.0.1', () => console.log('listens'))`
  const project = createProject({ 'app.ts': code })
  const running = start(project, ['app.ts'])
  const owner = process.platform === 'linux' ? `\\S.* \\(pid ${process.pid}\\)` : 'another program'
  await running.match(new RegExp(`\\[vite-tether\\] Port ${port} is taken by ${owner}\\. End that, or`))
  await running.match(/exited with code 1(?: while starting)?, (?:waiting for a save|starting again)/)
  other.close()
  await once(other, 'close')
  project.write('app.ts', `${code}\n`)
  await running.match(/^listens$/m)
})

test('the next good save starts or updates the app, and until then the terminal says what is wrong: when the entry is deleted', async () => {
  const project = createProject({ 'app.ts': up('one') })
  const running = start(project, ['app.ts'])
  await running.match(/^one$/m)
  project.remove('app.ts')
  await running.match(/app\.ts/, running.text.length)
  project.write('app.ts', up('two'))
  await running.match(/^two$/m)
})

test('the next good save starts or updates the app, and until then the terminal says what is wrong: when a folder is renamed', async () => {
  const project = createProject({
    'app.ts': `import './lib/a.ts'\n${up('one')}`,
    'lib/a.ts': "import './b.ts'",
    'lib/b.ts': '',
  })
  const running = start(project, ['app.ts'])
  await running.match(/^one$/m)
  const before = running.text.length
  project.rename('lib', 'library')
  await running.match(/lib\/a\.ts/, before)
  project.write('app.ts', `import './library/a.ts'\n${up('two')}`)
  await running.match(/^two$/m)
})

test('the next good save starts or updates the app, and until then the terminal says what is wrong: when the Vite config throws, at the start and at a restart', async () => {
  const bad = "throw new Error('no config today')"
  const good = 'export default {}'
  const project = createProject({ 'vite.config.ts': bad, 'app.ts': up('one') })
  const failing = start(project, ['app.ts'])
  expect((await failing.exited).code).toBe(1)
  expect(failing.text).toMatch(/vite\.config\.ts[\s\S]*no config today/)

  project.write('vite.config.ts', good)
  const running = start(project, ['app.ts'])
  await running.match(/^one$/m)
  project.write('vite.config.ts', bad)
  await running.match(/no config today/)
  project.write('vite.config.ts', `${good}\n`)
  await running.match(/server restarted/)
  project.edit('app.ts', 'one', 'two')
  await running.match(/^two$/m)
})

test('the next good save starts or updates the app, and until then the terminal says what is wrong: when the app never stops', async () => {
  const project = createProject({
    'vite.config.js': 'export default {}',
    'app.ts': `process.on('SIGTERM', () => {})\n${up('one')}`,
  })
  const running = start(project, ['app.ts'])
  await running.match(/^one$/m)
  project.edit('app.ts', 'one', 'two')
  await running.match(/did not end when it was asked to, and was killed/)
  await running.match(/^two$/m)
})

test('the next good save starts or updates the app, and until then the terminal says what is wrong: when a module has 5 MB', {
  timeout: 150_000,
}, async () => {
  const rows = Array.from(
    { length: 50_000 },
    (_, n) => `  { id: ${n}, name: 'name of the row ${'x'.repeat(60)} ${n}' },`,
  )
  const project = createProject({
    'app.ts': "import { rows } from './rows.ts'\nconsole.log(rows.length + ' rows')\nsetInterval(() => {}, 1000)",
    'rows.ts': `interface Row { id: number; name: string }\nexport const rows: Row[] = [\n${rows.join('\n')}\n]`,
  })
  expect(project.read('rows.ts').length).toBeGreaterThan(5e6)
  const running = start(project, ['app.ts'])
  await seen(running, /^50000 rows$/m)
  project.edit('rows.ts', rows[7]!, '')
  await seen(running, /^49999 rows$/m)
})

/** A mount namespace of our own, which needs root. */
const canMount = spawnSync('unshare', ['--mount', 'true']).status === 0

function startOn(folder: string, mount: string, project: Project, env: NodeJS.ProcessEnv = {}): Running {
  const line = `mount -t tmpfs -o size=64k tmpfs '${folder}' && cp app.ts '${folder}' && cd '${folder}' && ${mount} && exec "$@"`
  const running = run('unshare', ['--mount', 'sh', '-c', line, 'sh', process.execPath, cli, 'app.ts'], {
    cwd: project.root,
    env: { ...process.env, NO_COLOR: '1', ...env },
  })
  onTestFinished(() => running.end())
  return running
}
const FULL = '{ dd if=/dev/zero of=rest bs=1k count=999 2>/dev/null || true; }'
const READ_ONLY = 'mount -o remount,ro .'

test.skipIf(!canMount).each([
  ['full', FULL],
  ['read-only', READ_ONLY],
])('a disk that is %s is no reason not to run what is on it', async (_, mount) => {
  const project = createProject({ 'app.ts': up('one'), 'disk/x': '' })
  await startOn(project.path('disk'), mount, project).match(/^one$/m)
})

test.skipIf(!canMount).each([
  ['full', FULL, /\[vite-tether\] Could not write a file of \d+ bytes.*ENOSPC.*Make room there, or set TMPDIR/],
  ['read-only', READ_ONLY, /\[vite-tether\] no folder for the socket could be made in .*; set TMPDIR to one/],
])('a disk for temporary files that is %s is named, with what to do', async (_, mount, message) => {
  const project = createProject({ 'app.ts': up('one'), 'disk/x': '' })
  const running = startOn(project.path('disk'), mount, project, { TMPDIR: project.path('disk') })
  expect((await running.exited).code).toBe(1)
  expect(running.text).toMatch(message)
  expect(running.text).not.toMatch(/^\s+at /m)
})

const LINES = 100_000
const files = {
  'burst.ts': `
      const line = 'x'.repeat(992)
      let n = 0
      const write = (): void => {
        while (n < ${LINES}) if (!process.stdout.write(String(n++).padStart(7, '0') + line + '\\n')) return void process.stdout.once('drain', write)
      }
      write()
    `,
  'idle.ts': 'setInterval(() => {}, 1000)',
  'vite.config.js':
    "import { tether } from 'vite-tether'\nexport default { plugins: [tether({ entry: ['burst.ts', 'idle.ts'] })] }",
  'node_modules/vite-tether/package.json': '{ "type": "module", "exports": "./index.js" }',
  'node_modules/vite-tether/index.js': `export * from '${new URL('../../../dist/index.js', import.meta.url).href}'`,
}

test.each([
  ['as it is', ['--no-config', 'burst.ts'], /^(\d{7})x{992}$/],
  ['through a prefix', [], /^burst\.ts \| (\d{7})x{992}$/],
])(
  'a burst of 100 MB of output arrives whole and in order, in bounded memory: %s',
  { timeout: 90_000 },
  async (_, argv, pattern) => {
    const { root } = createProject(files)
    const running = run(process.execPath, [cli, ...argv], { cwd: root, env: { ...process.env, NO_COLOR: '1' } })
    onTestFinished(() => running.end())
    let next = 0
    let rest = ''
    let peak = 0
    running.child.stdout!.removeAllListeners('data').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()!
      for (const line of lines) {
        const found = pattern.exec(line)
        if (found && Number(found[1]) === next) next++
      }
      if (process.platform === 'linux') peak = Math.max(peak, rss(running.pid))
    })
    await seen(running, /exited 0, waiting for a save/)
    // that comes by another pipe, and may be early
    await expect.poll(() => next, { timeout: 30_000 }).toBe(LINES)
    expect(peak).toBeLessThan(700)
  },
)

/** Resident memory of a process, in MiB. */
function rss(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
}
