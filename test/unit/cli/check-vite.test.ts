import { expect, onTestFinished, test } from 'vitest'
import { checkVite } from '../../../src/cli/check-vite.ts'
import { installLine } from '../../../src/cli/install-line.ts'
import { createProject } from '../../support/project.ts'

const vite = (version: string) => JSON.stringify({ name: 'vite', version })

/** A project with vite-tether, and the versions of Vite that it and vite-tether have. */
function project(versions: { project?: string; ours?: string }, files: Record<string, string> = {}) {
  return createProject({
    'package.json': '{}',
    'node_modules/vite-tether/dist/cli.js': '',
    ...(versions.project && { 'node_modules/vite/package.json': vite(versions.project) }),
    ...(versions.ours && { 'node_modules/vite-tether/node_modules/vite/package.json': vite(versions.ours) }),
    ...files,
  })
}

const check = ({ root, path }: ReturnType<typeof project>) =>
  checkVite(root, path('node_modules/vite-tether/dist/cli.js'))

function agent(value: string | undefined) {
  const before = process.env.npm_config_user_agent
  const set = (to: string | undefined) => {
    if (to === undefined) delete process.env.npm_config_user_agent
    else process.env.npm_config_user_agent = to
  }
  onTestFinished(() => set(before))
  set(value)
}

test.each(['8.3.0', '8.3.8', '8.19.1'])('the Vite of a project may be %s', (version) => {
  expect(() => check(project({ project: version }))).not.toThrow()
})

test('the Vite of a project may be missing where vite-tether brings one, as npx does', () => {
  expect(() => check(project({ ours: '8.3.8' }))).not.toThrow()
})

test('the Vite of a project has to be there', () => {
  agent(undefined)
  expect(() => check(project({}))).toThrow(/found none\. Install it: npm install -D vite-tether vite@\^8\.3\.0$/)
})

test.each(['7.3.1', '9.0.0', '8.2.9'])('the Vite of a project cannot be %s', (version) => {
  const { root } = project({ project: version }, { 'pnpm-lock.yaml': '' })
  expect(() => check({ root, path: (file: string) => `${root}/${file}` } as ReturnType<typeof project>)).toThrow(
    new RegExp(
      `a later 8\\.x, got ${version.replaceAll('.', '\\.')} in .*node_modules/vite\\. Install it: pnpm add -D`,
    ),
  )
})

test('the Vite of a project counts where vite-tether brings another, as linked and global ones do', () => {
  const two = project({ project: '8.3.8', ours: '8.4.0' })
  expect(check(two)).toEqual({ version: '8.3.8', path: two.path('node_modules/vite') })
})

test('a wrong Vite of a project is named beside the one that vite-tether brings', () => {
  expect(() => check(project({ project: '7.3.1', ours: '8.4.0' }))).toThrow(
    /a later 8\.x, got 7\.3\.1 in .*node_modules\/vite \(vite-tether has 8\.4\.0 in .*vite-tether\/node_modules\/vite, which/,
  )
})

test.each([
  ['package-lock.json', 'npm install -D'],
  ['pnpm-lock.yaml', 'pnpm add -D'],
  ['yarn.lock', 'yarn add -D'],
  ['bun.lock', 'bun add -d'],
])('the command that installs Vite follows the lockfile, also one of a workspace above: %s', (lockfile, command) => {
  agent('npm/10.0.0 node/v20')
  const { path } = createProject({ [lockfile]: '', 'packages/api/package.json': '{}' })
  expect(installLine(path('packages/api'), 'a b')).toBe(`${command} a b`)
})

test('the command that installs Vite follows the package manager that runs us where there is no lockfile', () => {
  agent('pnpm/9.1.0 npm/? node/v20.20.2 linux x64')
  expect(installLine(createProject({ 'package.json': '{}' }).root, 'a')).toBe('pnpm add -D a')
})
