/** A process or thread of the app goes on without a module that Vite does not find, or that fails: updates do not reach it, so the app restarts. */
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

const LIVES = '\nsetInterval(() => {}, 1000)'
const BEGINNINGS: Record<string, string> = {
  'a child': `import { fork } from 'node:child_process'\nfork(import.meta.dirname + '/child.js')${LIVES}`,
  'a thread': `import { Worker } from 'node:worker_threads'\nnew Worker(import.meta.dirname + '/child.js')${LIVES}`,
}

const IMPORTS: Record<string, (request: string) => string> = {
  'import()': (request) => `import('${request}')`,
  'computed import()': (request) => `import(['${request}'][0])`,
}

/** A request -> the file that it means; what is written there first, if anything. */
const REQUESTS: [request: string, file: string, first?: string][] = [
  ['./a', 'src/a.ts'],
  ['./a.js', 'src/a.js'],
  ['./folder', 'src/folder/index.js'],
  ['../lib/a.js', 'lib/a.js'],
  ['./needs-a.js', 'src/a.js'],
  ['./broken.js', 'src/broken.js', 'export default ('],
]

const rows = Object.keys(BEGINNINGS).flatMap((place) =>
  Object.keys(IMPORTS).flatMap((way) =>
    REQUESTS.map(([request, file, first]) => [place, way, request, file, first] as const),
  ),
)

test.each(rows)('%s goes on without %s of %s until %s is there', async (place, way, request, file, first) => {
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'lib/other.js': '',
    'src/needs-a.js': "export { default } from './a.js'",
    'src/main.js': BEGINNINGS[place]!,
    'src/child.js': `const value = await ${IMPORTS[way]!(request)}.then((found) => found.default, () => 'none')
      console.log('val ' + value)${LIVES}`,
    ...(first !== undefined && { [file]: first }),
  })
  const { line, lines } = await startServer(project.root, { entry: 'src/main.js', standby: false })
  await line(/^val none/)
  project.write(file, "export default 'one'")
  await line(/^val one/)
  expect(lines.filter((each) => /restarted:/.test(each))).toEqual([expect.stringContaining(`${file} changed`)])
})

test.each(Object.keys(BEGINNINGS))('%s of a linked package outside of the root', async (place) => {
  const lib = createProject({
    'package.json': '{ "name": "lib", "type": "module", "exports": "./src/index.js" }',
    'src/index.js': "export const value = await import('./a.js').then((found) => found.default, () => 'none')",
  })
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'node_modules/none/index.js': '',
    'src/main.js': BEGINNINGS[place]!,
    'src/child.js': `import { value } from 'lib'\nconsole.log('val ' + value)${LIVES}`,
  })
  symlinkSync(lib.root, join(project.root, 'node_modules/lib'))
  const { line, lines } = await startServer(project.root, { entry: 'src/main.js', standby: false })
  await line(/^val none/)
  lib.write('src/a.js', "export default 'one'")
  await line(/^val one/)
  expect(lines.filter((each) => /restarted:/.test(each))).toHaveLength(1)
})
