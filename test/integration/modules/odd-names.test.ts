/** Characters in folders and files that mean something in URLs, patterns or replacements. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { run, until } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { attach, startServer } from '../../support/tether.ts'

const CLI = join(import.meta.dirname, '../../../dist/cli.js')

const MAIN = (name: string) => `
import { v, where, fail } from './${name}/dep.ts'
import data from './${name}/data.json'
let place
try { fail() } catch ({ stack }) { place = stack.split('\\n')[1] }
const { lazy } = await import('./${name}/lazy.ts')
export const report = { v, data: data.d, url: import.meta.url, where, lazy, place }
console.log('report ' + JSON.stringify(report))
setInterval(() => {}, 1000)`

const DEP = (v: number) =>
  `export const v: number = ${v}\nexport const where = import.meta.url\n\nexport function fail() {\n  throw new Error()\n}`

function write(root: string, files: Record<string, string>) {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
}

test.each([
  ['quotes, escapes, patterns, replacements', 'a b"c %20 [x] (y) {z} !a $1 $& d+e&f=g@h caf\u00e9'],
  ['a decomposed letter', 'cafe\u0301'],
])('%s: started, attached, saved, in import.meta, in stacks', async (_, name) => {
  const root = join(createProject({}).root, `the root ${name}`)
  const folder = join(root, name)
  write(root, {
    'package.json': '{ "type": "module" }',
    'main.ts': MAIN(name),
    [`${name}/dep.ts`]: DEP(1),
    [`${name}/data.json`]: '{ "d": 1 }',
    [`${name}/lazy.ts`]: 'export const lazy: string = import.meta.filename',
  })
  const server = await startServer(
    root,
    { entry: 'main.ts', attach: true },
    { server: { middlewareMode: false, port: 0 } },
  )
  const { runner } = await attach(server, root)
  const expected = (v: number) => ({
    ...{
      v,
      data: 1,
      url: pathToFileURL(join(root, 'main.ts')).href,
      where: pathToFileURL(join(folder, 'dep.ts')).href,
    },
    ...{ lazy: join(folder, 'lazy.ts'), place: `    at fail (${join(folder, 'dep.ts')}:5:9)` },
  })
  const reports = () =>
    server.lines.flatMap(
      (line) =>
        /^report (.*)/
          .exec(line)
          ?.slice(1)
          .map((text) => JSON.parse(text)) ?? [],
    )
  await expect.poll(() => reports().at(-1)).toEqual(expected(1))
  expect((await runner.import('/main.ts')).report).toEqual(expected(1))
  write(root, { [`${name}/dep.ts`]: DEP(2) })
  await expect.poll(() => reports().at(-1), { timeout: 5000 }).toEqual(expected(2))
})

test.each([
  ['a file', 'a\\b.ts', './a\\\\b.ts'],
  ['a file without its extension', 'a\\b.ts', './a\\\\b'],
  ['a folder', 'x\\y/a.ts', './x\\\\y/a.ts'],
])('a backslash in the name of %s that is imported is named', async (_, file, specifier) => {
  const root = createProject({}).root
  write(root, { 'package.json': '{ "type": "module" }', 'main.ts': `import '${specifier}'`, [file]: 'export {}' })
  const app = await startServer(root, { entry: 'main.ts' })
  await app.line(/Cannot load module .* imported from .*main\.ts'.* Vite does not read the '\\' in its path/)
})

test.each([
  ['#', 'a#b', 'main.ts'],
  ['?', 'a?b', 'main.ts'],
  // Vite does not watch such a folder either
  ['\\', 'a\\b', 'main.ts'],
  ['#', '.', 'a#b.ts'],
])('%s, which Vite does not read as part of a name, is named, once: %s/%s', async (character, folder, file) => {
  const root = join(createProject({}).root, folder)
  write(root, { 'package.json': '{}', [file]: 'console.log("runs")' })
  const running = run(process.execPath, [CLI, file], { cwd: root })
  onTestFinished(() => running.end())
  await until(() => running.text.includes('while starting, waiting for a save'), 'the end of the app')
  expect(running.text).toContain(`Vite does not read the '${character}' in its path`)
  expect(running.text.match(/Cannot (?:load|find) module/g)).toHaveLength(1)
})
