import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { run } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { hasTerminal, openTerminal } from '../../support/terminal.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))
const STAYS =
  "import './a.ts'\nimport.meta.hot?.accept('./a.ts', () => {})\nconsole.log('up')\nsetInterval(() => {}, 1000)"

test('what the terminal says of a failure names the part that failed, the place and the code, once; then it counts', async () => {
  const { project, line, lines } = await startApp({ 'src/main.ts': STAYS, 'src/a.ts': 'export const a = 1' })
  await line(/^up/)
  project.write('src/a.ts', 'export const a = 1\nconst b = \n')
  await line(/\[vite-tether\] transform failed: src\/a\.ts:\d+:\d+$/)
  await line(/The app still runs the code from before/)

  const bad =
    "interface A {\n  a: string\n}\nexport const a = 1\nfunction fail(): never {\n  throw new TypeError('no such thing')\n}\nfail()\n"
  project.write('src/a.ts', bad)
  await line(/\[vite-tether\] your code failed: src\/a\.ts:6:9$/)
  const from = lines.findIndex((each) => each.includes('your code failed'))
  await line(/^ {4}at src\/a\.ts:8:1$/)
  expect(lines.slice(from + 1, from + 10)).toEqual([
    'TypeError: no such thing',
    '4 |  export const a = 1',
    '5 |  function fail(): never {',
    "6 |    throw new TypeError('no such thing')",
    '  |          ^',
    '7 |  }',
    '8 |  fail()',
    '    at fail (src/a.ts:6:9)',
    '    at src/a.ts:8:1',
  ])
  project.write('src/a.ts', `${bad}\n// something else`)
  await line(/\[vite-tether\] your code failed: src\/a\.ts:6:9 \(x2\)$/)
  expect(lines.filter((each) => each.startsWith('TypeError: no such thing'))).toHaveLength(1)

  project.write('src/a.ts', 'export const a = 2')
  await line(/hot updated: src\/a\.ts via src\/main\.ts \(1 module, \d+ ms\)$/)
  project.write('src/a.ts', 'export const a = 3')
  await line(/hot updated: src\/a\.ts via src\/main\.ts \(1 module, \d+ ms\) \(x2\)$/)
})

test('what the terminal says of a failure shows the code of an error that ends the app, and no frames but the app and its packages', async () => {
  const { line, lines } = await startApp({
    'src/main.ts': "type A = 1\nfunction boom(): void {\n  throw new Error('boom')\n}\nsetTimeout(boom, 1)",
  })
  await line(/exited with code 1/)
  const text = lines.join('\n')
  expect(text).toMatch(
    /\/src\/main\.ts:3:9\n1 \| {2}type A = 1\n.*\n3 \| {4}throw new Error\('boom'\)\n {2}\| {10}\^\n/,
  )
  expect(text).toMatch(
    /Error: boom\n\/[\s\S]*\n {4}at Timeout\.boom \[as _onTimeout\] \(.*src\/main\.ts:3:9\)\n(?! +at)/,
  )
})

test('a hint shows once what to add, and where, to an app that accepts nothing', async () => {
  const { project, line, lines } = await startApp({
    'src/main.ts': "import { a } from './a.ts'\nconsole.log('run ' + a)\nsetInterval(() => {}, 1000)",
    'src/a.ts': 'export const a = 1',
  })
  await line(/^run 1/)
  for (const n of [2, 3]) {
    project.write('src/a.ts', `export const a = ${n}`)
    await line(new RegExp(`^run ${n}`))
  }
  const hints = lines.filter((each) => each.includes('nothing in this app accepts updates'))
  expect(hints).toEqual([expect.stringMatching(/add to src\/main\.ts:$/)])
  expect(lines.join('\n')).toMatch(/^ {4}import\.meta\.hot\?\.accept\(\)/m)
})

test('a hint is not given to an app that accepts something', async () => {
  const { project, line, lines } = await startApp({ 'src/main.ts': STAYS, 'src/a.ts': 'export const a = 1' })
  await line(/^up/)
  project.edit('src/main.ts', "'up'", "'again'")
  await line(/^again/)
  expect(lines.join('\n')).not.toContain('nothing in this app accepts')
})

const LARGE = {
  'package.json': '{ "type": "module" }',
  'vite.config.js':
    "export default { plugins: [{ name: 'slow', transform: () => new Promise((resolve) => setTimeout(resolve, 200)) }] }",
  'app.ts': "import './m0.ts'\nconsole.log('up')\nsetInterval(() => {}, 1000)",
  ...Object.fromEntries(
    Array.from({ length: 20 }, (_, n) => [`m${n}.ts`, n < 19 ? `import './m${n + 1}.ts'` : 'export {}']),
  ),
}

test.skipIf(!hasTerminal)(
  'a large graph is counted in a line of the terminal while it is loaded, which is gone afterwards',
  async () => {
    const { root } = createProject(LARGE)
    const terminal = openTerminal([process.execPath, cli, 'app.ts'], root)
    onTestFinished(() => terminal.end())
    let raw = ''
    terminal.child.stdout!.on('data', (chunk) => {
      raw += chunk
    })
    await terminal.match(/^\s*up\s*$/m)
    expect(raw).toMatch(/loading [1-9]\d* modules \.\.\./)
    expect(raw.slice(raw.lastIndexOf('loading'))).toMatch(/^loading \d+ modules[^\n]*\r\u001b\[K[\s\S]*up/)
  },
)

test('a large graph is not counted, in a pipe', async () => {
  const { root } = createProject(LARGE)
  const running = run(process.execPath, [cli, 'app.ts'], { cwd: root })
  onTestFinished(() => running.end())
  await running.match(/^up$/m)
  expect(running.text).not.toContain('loading')
})

const SEVERAL = {
  'package.json': '{ "type": "module" }',
  'vite.config.js':
    "import { tether } from 'vite-tether'\nexport default { plugins: [tether({ entry: ['api.ts', 'worker.ts'] })] }",
  'api.ts': "console.log('api is up')\nconsole.error('api warns')\nsetInterval(() => {}, 1000)",
  'worker.ts':
    "process.stdout.write('no line break')\nsetTimeout(() => console.log(' at first'), 10)\nconsole.log(process.stdout.isTTY, process.env.FORCE_COLOR)\nsetInterval(() => {}, 1000)",
  'node_modules/vite-tether/package.json': JSON.stringify({
    name: 'vite-tether',
    type: 'module',
    exports: fileURLToPath(new URL('../../../dist/index.js', import.meta.url)).replace(/^.*/, './index.js'),
  }),
  'node_modules/vite-tether/index.js': `export * from '${new URL('../../../dist/index.js', import.meta.url).href}'`,
}

test('several apps write under their names, and lines about them say which', async () => {
  const project = createProject(SEVERAL)
  const running = run(process.execPath, [cli], { cwd: project.root, env: { ...process.env, NO_COLOR: '1' } })
  onTestFinished(() => running.end())
  await running.match(/^api\.ts {4}\| api is up$/m)
  await running.match(/^api\.ts {4}\| api warns$/m)
  await running.match(/^worker\.ts \| no line breakundefined undefined\n(?:.*\n)*worker\.ts \| {2}at first$/m)
  await running.match(/\[vite-tether\] worker\.ts ready/)
  project.edit('api.ts', 'api is up', 'api is back')
  await running.match(/\[vite-tether\] api\.ts restarted: nothing accepts api\.ts/)
  await running.match(/^api\.ts {4}\| api is back$/m)
})

test.each([
  ['FORCE_COLOR', '1', true],
  ['NO_COLOR', '1', false],
])('several apps have colours as %s says', async (name, value, isColoured) => {
  const project = createProject(SEVERAL)
  let raw = ''
  const env = { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, CI: undefined, [name]: value }
  const running = run(process.execPath, [cli], { cwd: project.root, env })
  onTestFinished(() => running.end())
  running.child.stdout!.on('data', (chunk) => {
    raw += chunk
  })
  await running.match(/api is up/)
  expect(raw.includes('\u001b[')).toBe(isColoured)
})
