/** A package that the app imports loses what is imported of it, while the app runs: the process is not given up for one that could not start. */
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

const MAIN = (specifier: string, n: number) =>
  `import { value } from '${specifier}'\nconsole.log('runs', value, ${n})\nsetInterval(() => {}, 1000)`

/** Ways in which a package.json names its file, and the import of it. */
const MANIFESTS: Record<string, [manifest: object, specifier: string]> = {
  main: [{ main: 'dist/index' }, 'lib'],
  exports: [{ exports: './dist/index.js' }, 'lib'],
  'conditional exports': [
    { exports: { '.': { types: './package.json', import: './dist/index.js', require: './package.json' } } },
    'lib',
  ],
  'a pattern': [{ exports: { './*': './dist/*.js' } }, 'lib/index'],
}

const FAULTS: Record<string, [fault: (folder: string) => void, says: RegExp]> = {
  'its file is removed': [
    (folder) => rmSync(join(folder, 'dist/index.js')),
    /dist.index(\.js)?\b.*(does not exist|Does the file exist)/,
  ],
  'its dist is removed': [
    (folder) => rmSync(join(folder, 'dist'), { recursive: true }),
    /dist.index(\.js)?\b.*(does not exist|Does the file exist)/,
  ],
  'its package.json is half of itself': [
    (folder) => writeFileSync(join(folder, 'package.json'), '{ "main": '),
    /package\.json.* JSON/,
  ],
  'it is moved away': [(folder) => renameSync(folder, `${folder}-away`), /It must be installed/],
}

// each fault with two of the manifests; of a linked package Vite remembers package.json, and the app runs on
const cases = Object.keys(FAULTS).flatMap((fault, index) =>
  Object.keys(MANIFESTS)
    .filter((_, at) => at % 2 === index % 2)
    .map((manifest, at) => ({
      fault,
      manifest,
      isLinked: at === 0 && !fault.includes('package.json'),
      standby: at === 1,
    })),
)

test.each(cases)('$fault ($manifest, linked: $isLinked, standby: $standby)', async (each) => {
  const [manifest, specifier] = MANIFESTS[each.manifest]!
  const files = {
    'package.json': JSON.stringify({ name: 'lib', type: 'module', ...manifest }),
    'dist/index.js': 'export const value = 1',
  }
  const build = (folder: string, value: number) => {
    mkdirSync(join(folder, 'dist'), { recursive: true })
    writeFileSync(join(folder, 'package.json'), files['package.json'])
    writeFileSync(join(folder, 'dist/index.js'), `export const value = ${value}`)
  }
  const away = createProject(each.isLinked ? files : {})
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'node_modules/none/index.js': '',
    'src/main.js': MAIN(specifier, 1),
  })
  const folder = each.isLinked ? away.root : project.path('node_modules/lib')
  if (each.isLinked) symlinkSync(folder, project.path('node_modules/lib'))
  else build(folder, 1)
  const app = await startServer(project.root, { entry: 'src/main.js', standby: each.standby })
  await app.line(/^runs 1 1$/)
  await expect.poll(() => app.hub.runners[0]).toMatchObject({ state: 'ready', current: true })
  const { pid } = app.hub.runners[0]!

  const [fault, says] = FAULTS[each.fault]!
  fault(folder)
  project.write('src/main.js', MAIN(specifier, 2))
  await app.line(says)
  await app.line(/still runs the code from before/)
  expect(app.hub.runners[0]).toMatchObject({ pid, state: 'ready' })
  build(folder, 2)
  project.write('src/main.js', MAIN(specifier, 3))
  await app.line(/^runs 2 3$/)
})
