/** Watching by polling, as in containers and on network drives that report nothing. */
import { mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { run } from '../support/child.ts'
import { createProject } from '../support/project.ts'
import { startServer } from '../support/tether.ts'

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const POLLING = { server: { watch: { usePolling: true, interval: 50 } } }

const APP = {
  'package.json': '{}',
  'src/main.ts': `import { text } from './text.ts'
    import * as linked from 'linked'
    import { readFileSync } from 'node:fs'
    let current = text
    console.log('up ' + current + ' ' + linked.v + ' ' + readFileSync('data.txt', 'utf8'))
    setInterval(() => {}, 1e9)
    import.meta.hot?.accept('./text.ts', (next) => { current = next!.text; console.log('now ' + current) })`,
  'src/text.ts': "export const text: string = 'v1'",
  'data.txt': 'one',
}

test('modules, included files, files that Node has loaded outside of the root, and a second save that follows at once', async () => {
  const outside = createProject({ 'package.json': '{ "name": "linked" }', 'index.js': 'exports.v = "n1"' })
  const project = createProject(APP)
  mkdirSync(project.path('node_modules'))
  symlinkSync(outside.root, project.path('node_modules/linked'))
  const options = { entry: 'src/main.ts', watch: '*.txt', cwd: project.root }
  const { server, line, lines } = await startServer(project.root, options, POLLING)
  expect(server.watcher.options).toMatchObject({ usePolling: true, interval: 50 })
  await line(/^up v1 n1 one/)

  project.edit('src/text.ts', 'v1', 'v2')
  await line(/^now v2/)
  project.edit('src/text.ts', 'v2', 'v3')
  project.edit('src/text.ts', 'v3', 'v4')
  await line(/^now v4/)
  project.write('data.txt', 'two')
  await line(/restarted: data\.txt changed/)
  await line(/^up v4 n1 two/)
  outside.edit('index.js', 'n1', 'n2')
  await line(/restarted: .*index\.js changed \(loaded natively\)/)
  await line(/^up v4 n2 two/)
  // no save was told twice
  expect(lines.filter((each) => each.includes('restarted'))).toHaveLength(2)
  expect(lines.filter((each) => /^now v[24]/.test(each))).toHaveLength(2)
})

test.each<[string, NodeJS.ProcessEnv, string]>([
  ['CHOKIDAR_USEPOLLING', { CHOKIDAR_USEPOLLING: '1', CHOKIDAR_INTERVAL: '50' }, ''],
  ['Vite’s own option', {}, `export default ${JSON.stringify(POLLING)}`],
])('the command polls where %s says so', async (_, env, config) => {
  const project = createProject({
    ...APP,
    'src/main.ts': "import { text } from './text.ts'\nconsole.log('up ' + text)\nsetInterval(() => {}, 1e9)",
    ...(config && { 'vite.config.mjs': config }),
  })
  const argv = [cli, '--include', '*.txt', 'src/main.ts']
  const running = run(process.execPath, argv, { cwd: project.root, env: { ...process.env, NO_COLOR: '1', ...env } })
  onTestFinished(() => running.end())
  await running.match(/^up v1[\s\S]*ready/m)
  if (process.platform === 'linux') expect(openFiles(running.pid)).not.toContain('anon_inode:inotify')
  project.edit('src/text.ts', 'v1', 'v2')
  await running.match(/^up v2/m)
  const before = running.text.length
  project.write('data.txt', 'two')
  await running.match(/restarted: data\.txt changed/, before)
})

function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).flatMap((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`)
    } catch {
      // closed since the folder was listed
      return []
    }
  })
}
