import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, posix, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts'))
const code = (file: string) => readFileSync(join(root, 'src', file), 'utf8')

interface Import {
  file: string
  /** A package or builtin as written, or a path relative to src. */
  target: string
  isType: boolean
}

const imports: Import[] = files.flatMap((file) => {
  const statement = /^(?:import|export)\s+(?:(type)\s+)?(?:[^'"`;]*?\bfrom\s+)?['"]([^'"]+)['"]/gm
  return [...code(file).matchAll(statement)].map(([, type, specifier]) =>
    toImport(file, specifier!, type !== undefined),
  )
})

/** `import('./x.ts')`, as a value or as a type. */
const lateImports: Import[] = files.flatMap((file) =>
  [...code(file).matchAll(/\bimport\('(\.[^']+)'\)/g)].map(([, specifier]) => toImport(file, specifier!, false)),
)

function toImport(file: string, specifier: string, isType: boolean): Import {
  const target = specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : specifier
  return { file, target, isType }
}

/** The files that break a rule, each with what it imports. */
function offenders(rule: (each: Import) => boolean): string[] {
  return imports.filter(rule).map(({ file, target }) => `${file} -> ${target}`)
}

test('the rules see the imports', () => {
  expect(imports.length).toBeGreaterThan(100)
  expect(imports).toContainEqual({ file: 'index.ts', target: 'server/plugin/plugin.ts', isType: false })
})

const SHARED = ['shared', 'shared/rpc', 'shared/session', 'shared/util']

/** Each folder, and what it may import beside itself: folders below it in the picture of ARCHITECTURE.md, or single files. */
const FLOORS: Record<string, string[]> = {
  '': ['server', 'server/plugin', 'client', 'client/runner', 'client/hmr', ...SHARED],
  // what is built of the rest, and how its parts find each other
  faces: ['', 'cli', 'client/bridge', 'client/process', 'client/production', ...SHARED],
  cli: [
    'client',
    'server',
    'server/plugin',
    'server/hub',
    'server/page',
    'server/apps',
    'server/start',
    'server/vite/project-vite.ts',
    'client/bridge',
    'client/process',
    'client/runner',
    'client/evaluate',
    'client/hmr',
    ...SHARED,
  ],

  'server/plugin': [
    'server',
    'server/build',
    'server/hub',
    'server/page',
    'server/start',
    'server/transform',
    'server/vite',
    ...SHARED,
  ],
  'server/hub': [
    'server',
    'server/apps',
    'server/serve',
    'server/terminal',
    'server/page',
    'server/modules',
    'server/start',
    'server/transform',
    'server/sessions',
    'server/process',
    'server/vite',
    ...SHARED,
  ],
  'server/build': [
    'server',
    'server/serve',
    'server/apps/entries.ts',
    'server/ports/waiting-page.ts',
    'server/transform',
    'server/vite',
    ...SHARED,
  ],
  'server/serve': ['server', 'server/ports', 'shared', 'shared/util'],
  // ports and processes know nothing of each other: an app joins them
  'server/apps': ['server', 'server/terminal', 'server/ports', 'server/process', ...SHARED],
  'server/terminal': ['server', 'server/transform', 'server/process', ...SHARED],
  // beside the terminal: both say what events tell them
  'server/page': ['server', ...SHARED],
  // the browser's side: types only
  page: ['server/page/page-types.ts'],
  'server/modules': ['server', 'server/transform', 'server/vite', ...SHARED],
  'server/transform': ['server', 'server/vite', ...SHARED],
  'server/sessions': ['server', ...SHARED],
  'server/vite': ['server', ...SHARED],
  'server/start': ['server/vite', 'shared', 'shared/util'],
  'server/process': ['shared', 'shared/util'],
  'server/ports': ['shared', 'shared/util'],
  server: SHARED,

  'client/bridge': [
    'client',
    'client/process',
    // the channel is taken before anything else is preloaded
    'client/ports',
    'client/runner',
    'client/evaluate',
    'client/debug',
    'client/code',
    'client/link',
    ...SHARED,
  ],
  'client/process': [
    'client',
    'client/ports',
    'client/serve',
    'client/runner',
    'client/evaluate',
    'client/keep',
    'client/hmr',
    'client/debug',
    'client/code',
    'client/link',
    'client/start',
    ...SHARED,
  ],
  // alone in its process: there is no runner in production
  'client/production': ['client', 'client/serve', 'client/ports/expected.ts', 'shared', 'shared/util'],
  'client/serve': ['client', 'client/ports', 'client/runner', 'client/hmr', 'shared', 'shared/util'],
  'client/runner': [
    'client',
    'client/ports',
    'client/evaluate',
    'client/keep',
    'client/hmr',
    'client/debug',
    'client/code',
    'client/link',
    'client/start',
    ...SHARED,
  ],
  'client/evaluate': ['client', 'client/debug', 'client/code', 'shared', 'shared/util'],
  // the channel is taken before anything else is preloaded
  'client/ports': ['client/hmr/participant.ts', 'shared', 'shared/util'],
  'client/keep': ['client', 'client/hmr', 'keep.ts', 'shared', 'shared/util'],
  'client/hmr': ['client', 'client/hmr/in-process', 'client/code', 'shared', 'shared/util'],
  'client/hmr/in-process': ['client', 'client/hmr/hot-runtime.ts', 'client/code', 'shared', 'shared/util'],
  'client/debug': ['client', 'client/code', 'shared', 'shared/util'],
  'client/code': ['client', 'shared', 'shared/util'],
  'client/link': ['client', ...SHARED],
  'client/start': ['shared', 'shared/util'],
  client: ['shared'],

  'shared/rpc': ['shared', 'shared/session', 'shared/util'],
  'shared/session': ['shared', 'shared/util'],
  shared: ['shared/util'],
  'shared/util': [],
}

const folderOf = (file: string) => posix.dirname(file).replace(/^\.$/, '')

test.each(Object.entries(FLOORS))('"%s" imports only what lies below it', (folder, allowed) => {
  const isBelow = (target: string) => [folder, ...allowed].includes(folderOf(target)) || allowed.includes(target)
  const own = [...imports, ...lateImports].filter(({ file }) => folderOf(file) === folder)
  expect(
    own
      .filter(({ target }) => files.includes(target) && !isBelow(target))
      .map(({ file, target }) => `${file} -> ${target}`),
  ).toEqual([])
})

test('every folder has its floor, and every import is one of a file', () => {
  expect(Object.keys(FLOORS).sort()).toEqual([...new Set(files.map(folderOf))].sort())
  expect(offenders(({ target }) => target.endsWith('.ts') && !files.includes(target))).toEqual([])
})

test('no file imports itself by way of others, types included', () => {
  const circles = new Set<string>()
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.add([...path.slice(path.indexOf(file)), file].join(' -> '))
    if (done.has(file) || path.includes(file)) return
    for (const each of imports)
      if (each.file === file && files.includes(each.target)) visit(each.target, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  expect([...circles]).toEqual([])
})

test('no two files have one name', () => {
  const names = files.map((file) => posix.basename(file))
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})

test('no folder has more than 20 files', () => {
  const counts = Object.keys(FLOORS).map((folder) => [folder, files.filter((file) => folderOf(file) === folder).length])
  expect(counts.filter(([, count]) => Number(count) > 20)).toEqual([])
})

test('no two files export a type of one name', () => {
  const declaration = /^export (?:abstract )?(?:interface|type|class|enum) (\w+)/gm
  const declared = files.flatMap((file) => [...code(file).matchAll(declaration)].map(([, name]) => name!))
  expect(declared.length).toBeGreaterThan(100)
  expect(declared.filter((name, index) => declared.indexOf(name) !== index)).toEqual([])
})

test('shared imports nothing outside itself', () => {
  const isOutside = ({ target }: Import) =>
    !target.startsWith('shared/') && !isBuiltin(target) && target !== 'birpc' && target !== 'valibot'
  expect(offenders((each) => each.file.startsWith('shared/') && !each.isType && isOutside(each))).toEqual([])
})

test('server and client never import each other', () => {
  expect(offenders(({ file, target }) => file.startsWith('server/') && target.startsWith('client/'))).toEqual([])
  expect(offenders(({ file, target }) => file.startsWith('client/') && target.startsWith('server/'))).toEqual([])
})

test.each([
  ['ws', ['server/sessions/listener.ts', 'client/link/websocket.ts']],
  ['birpc', ['shared/rpc/rpc.ts']],
  ['valibot', ['shared/schema.ts', 'server/options.ts', 'client/runner/connect-options.ts']],
  ['vite-node/client', ['client/runner/node-runner.ts']],
  ['vite', []],
])('%s is imported only where its concern lives', (name, allowed) => {
  expect(offenders(({ file, target, isType }) => target === name && !isType && !allowed.includes(file))).toEqual([])
})

test('vite-node is used for its runner only: its own HMR and server are not', () => {
  expect(
    offenders(({ target, isType }) => /^vite-node/.test(target) && target !== 'vite-node/client' && !isType),
  ).toEqual([])
})

test('only the command, the bootstraps of processes and the server of a build end a process', () => {
  const ends = files.filter((file) => /\bprocess\.(exit|reallyExit|abort)\(/.test(code(file)))
  expect(
    ends.filter(
      (file) =>
        !['client/process/bootstrap.ts', 'client/bridge/preload.ts'].includes(file) &&
        !/^(?:cli|client\/production)\//.test(file),
    ),
  ).toEqual([])
})

test('timers and clocks are injected into shared', () => {
  const isAllowed = (file: string) => file === 'shared/util/clock.ts'
  const uses = files.filter(
    (file) => file.startsWith('shared/') && /\b(setTimeout|setInterval|Date\.now|performance\.now)\(/.test(code(file)),
  )
  expect(uses.filter((file) => !isAllowed(file))).toEqual([])
})

test('no source file is longer than 300 lines', () => {
  expect(files.filter((file) => code(file).split('\n').length > 301)).toEqual([])
})

test('ARCHITECTURE.md has a line for each source file, and for no other', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  const listed = [...text.matchAll(/^- `src\/([^`]+\.ts)`/gm)].map(([, file]) => file!)
  expect(listed.sort()).toEqual([...files].sort())
})
