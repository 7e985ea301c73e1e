import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { run } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'

const cli = join(resolve(import.meta.dirname, '../../..'), 'dist/cli.js')

/** Modules that cannot be transformed: by each of Vite's compilers, and by a plugin that draws in colours itself. */
const BROKEN = {
  'src/typescript.ts': 'export const x: = 1',
  'src/javascript.js': 'export const x = = 1',
  'src/component.tsx': 'export const x = <a>',
  'src/data.json': '{ "a": }',
  'src/plugin.coloured': '',
}
const FILES = {
  ...BROKEN,
  'src/main.ts': `
    const load = (file: string) => import(file)
    for (const file of ${JSON.stringify(Object.keys(BROKEN).map((file) => file.replace('src', '.')))}) {
      const error = await load(file).then(() => ({ message: 'none' }), (error) => error)
      console.log('result ' + JSON.stringify([error.message, error.stack, error.frame ?? '']))
    }
    console.log('next ' + JSON.stringify(await import('./good.ts').then(({ x }) => x)))
    setInterval(() => {}, 1000)`,
  'src/good.ts': 'export const x = 1\nimport.meta.hot?.accept()',
  'vite.config.js': `export default { plugins: [{ name: 'coloured', transform(code, id) {
    if (id.endsWith('.coloured')) this.error({ message: '\\x1b[31mred\\x1b[0m', frame: '\\x1b[31m1 | x\\x1b[0m' })
  } }] }`,
}
const ESCAPE = /\x1b/

test.each([
  ['NO_COLOR', { NO_COLOR: '1', FORCE_COLOR: undefined }],
  ['a pipe', { NO_COLOR: undefined, FORCE_COLOR: undefined }],
  ['FORCE_COLOR', { NO_COLOR: undefined, FORCE_COLOR: '1' }],
])(
  'what the app reads of modules that cannot be transformed has no escape codes, nor has what is printed of them: %s',
  async (name, env) => {
    const project = createProject(FILES)
    const running = run(process.execPath, [cli, 'src/main.ts'], {
      cwd: project.root,
      env: { ...process.env, CI: undefined, ...env },
    })
    onTestFinished(() => running.end())
    let raw = ''
    for (const stream of [running.child.stdout!, running.child.stderr!]) stream.on('data', (text) => (raw += text))
    await running.match(/next 1/)
    const results = [...running.text.matchAll(/^result (.*)$/gm)].map(([, json]) => JSON.parse(json!) as string[])
    expect(results).toHaveLength(Object.keys(BROKEN).length)
    for (const texts of results) for (const text of texts) expect(text).not.toMatch(ESCAPE)

    project.edit('src/good.ts', '= 1', '= = 1')
    await running.match(/transform failed/)
    await running.match(/still runs the code from before/)
    if (name !== 'FORCE_COLOR') expect(raw).not.toMatch(ESCAPE)
    // the colours that we give ourselves are there where they are asked for
    else expect(raw).toMatch(ESCAPE)
  },
)
