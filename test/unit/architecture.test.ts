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
  return [...code(file).matchAll(statement)].map(([, type, specifier]) => ({
    file,
    target: specifier!.startsWith('.') ? posix.join(posix.dirname(file), specifier!) : specifier!,
    isType: type !== undefined,
  }))
})

/** The files that break a rule, each with what it imports. */
function offenders(rule: (each: Import) => boolean): string[] {
  return imports.filter(rule).map(({ file, target }) => `${file} -> ${target}`)
}

test('the rules see the imports', () => {
  expect(imports.length).toBeGreaterThan(100)
  expect(imports).toContainEqual({ file: 'index.ts', target: 'server/plugin/plugin.ts', isType: false })
})

test('shared imports nothing outside itself', () => {
  const isOutside = ({ target }: Import) => !target.startsWith('shared/') && !isBuiltin(target) && target !== 'birpc'
  expect(offenders((each) => each.file.startsWith('shared/') && !each.isType && isOutside(each))).toEqual([])
})

test('server and client never import each other', () => {
  expect(offenders(({ file, target }) => file.startsWith('server/') && target.startsWith('client/'))).toEqual([])
  expect(offenders(({ file, target }) => file.startsWith('client/') && target.startsWith('server/'))).toEqual([])
})

test.each([
  ['ws', ['server/sessions/listener.ts', 'client/link/dial.ts']],
  ['birpc', ['shared/rpc/rpc.ts']],
  ['vite-node/client', ['client/runner/node-runner.ts']],
  ['vite', ['server/vite/environment.ts', 'server/plugin/plugin.ts', 'cli/main.ts']],
])('%s is imported only where its concern lives', (name, allowed) => {
  expect(offenders(({ file, target, isType }) => target === name && !isType && !allowed.includes(file))).toEqual([])
})

test('vite-node is used for its runner only: its own HMR and server are not', () => {
  expect(
    offenders(({ target, isType }) => /^vite-node/.test(target) && target !== 'vite-node/client' && !isType),
  ).toEqual([])
})

test('only the command and the bootstraps of processes end a process', () => {
  const ends = files.filter((file) => /\bprocess\.(exit|reallyExit|abort)\(/.test(code(file)))
  expect(
    ends.filter(
      (file) => !['client/process/bootstrap.ts', 'client/bridge/preload.ts'].includes(file) && !file.startsWith('cli/'),
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
