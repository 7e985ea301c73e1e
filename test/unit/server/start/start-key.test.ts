import { mkdirSync, writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { type StartRequest, startPath } from '../../../../src/server/start/start-key.ts'
import { createProject } from '../../../support/project.ts'

function request(root: string): StartRequest {
  const vite = { path: '/vite', version: '8.3.0' }
  return {
    root,
    entry: `${root}/a.ts`,
    flags: [],
    vite,
    own: `${root}/dist`,
    env: { VITE_A: '1' },
    isWatched: false,
    cwd: root,
  }
}

test('a kept start is named by the project, all versions, flags, and the variables that count', () => {
  const project = createProject({ 'package.json': '{}', 'dist/index.js': '', 'sub/a.ts': '' })
  const { root } = project
  const given = request(root)
  const path = startPath(given)
  expect(path).toMatch(/\/node_modules\/\.vite\/vite-tether\/start-[\da-f]{32}$/)
  expect(startPath({ ...request(root), env: { ...given.env, TERM: 'x', PORT: '1' } })).toBe(path)
  const others: Partial<StartRequest>[] = [
    { root: project.path('sub') },
    { entry: `${root}/b.ts` },
    { cwd: project.path('sub') },
    { flags: [{ execArgv: ['-C', 'x'] }] },
    { vite: { ...given.vite, version: '8.3.1' } },
    { vite: { ...given.vite, path: '/other' } },
    { env: { VITE_A: '2' } },
    { env: {} },
    { env: { ...given.env, NODE_ENV: 'test' } },
    { env: { ...given.env, NODE_OPTIONS: '-C x' } },
  ]
  expect(new Set([path, ...others.map((other) => startPath({ ...given, ...other }))]).size).toBe(others.length + 1)
  const { version } = process
  Object.defineProperty(process, 'version', { value: 'v99.0.0', configurable: true })
  expect(startPath(given)).not.toBe(path)
  Object.defineProperty(process, 'version', { value: version, configurable: true })
  expect(startPath(given)).toBe(path)
  writeFileSync(project.path('dist/index.js'), 'new')
  expect(startPath(given)).not.toBe(path)
})

test('where a config may read anything it is named by all that tells one process from another', () => {
  const { root } = createProject({ 'package.json': '{}', 'dist/index.js': '' })
  const { argv, execArgv, stdout } = process
  const given = { ...request(root), env: { TERM_PROGRAM: 'x', PORT: '1', PWD: root } }
  const paths = (env = given.env) => [true, false].map((isWatched) => startPath({ ...given, env, isWatched }))
  const [watched, plain] = paths()
  onTestFinished(() => void Object.assign(process, { argv, execArgv }))
  const others = [
    paths({ ...given.env, PORT: '2' }),
    paths({ ...given.env, PWD: '/link' }),
    ...([{ argv: [...argv, '--once'] }, { execArgv: ['--no-deprecation'] }] as Partial<NodeJS.Process>[]).map(
      (other) => {
        Object.assign(process, { argv, execArgv }, other)
        return paths()
      },
    ),
  ]
  Object.assign(process, { argv, execArgv })
  const { isTTY } = stdout
  Object.assign(stdout, { isTTY: !isTTY })
  others.push(paths())
  Object.assign(stdout, { isTTY })
  expect(new Set([watched, ...others.map(([first]) => first)]).size).toBe(others.length + 1)
  for (const [, second] of others) expect(second).toBe(plain)
  // the start that it clears is none of the next one's
  process.argv = [...argv, '--clear-cache']
  expect(paths({ ...given.env, TERM_PROGRAM: 'y' })).toEqual([watched, plain])
})

test('without a package.json it lies in the root', () => {
  const project = createProject({ 'dist/index.js': '' })
  mkdirSync(project.path('sub'))
  expect(startPath(request(project.root))).toBe(
    `${project.root}/.vite/vite-tether/${/[^/]*$/.exec(startPath(request(project.root)))![0]}`,
  )
})
