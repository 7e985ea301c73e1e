/** Makes sure that there is one Vite, and that it is one we work with. */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { TetherError } from '../shared/errors.ts'

/** Oldest version and major that we work with, as the peer dependency says. */
const MAJOR = 8
const MINOR = 3
const RANGE = `vite@^${MAJOR}.${MINOR}.0`

interface Found {
  version: string
  /** Real path of the package. */
  path: string
}

/**
 * Checks the Vite that the project at `root` and this package would load. Throws `ERR_CONFIG` with the command that mends
 * it when there is none, a wrong version, or two.
 */
export function checkVite(root: string, ourselves: string): void {
  const projects = findVite(join(root, 'package.json'))
  const ours = findVite(ourselves)
  const found = projects ?? ours
  const install = installLine(root)
  if (!found || !ours) {
    const what = found ? `found Vite ${found.version} in ${found.path}, out of reach of vite-tether` : 'found none'
    throw new TetherError(
      'ERR_CONFIG',
      `Expected Vite ${MAJOR} beside vite-tether in ${root}, ${what}. Install it: ${install}`,
    )
  }
  const [major = 0, minor = 0] = found.version.split('.').map(Number)
  if (major !== MAJOR || minor < MINOR) {
    throw new TetherError(
      'ERR_CONFIG',
      `Expected Vite ${MAJOR}.${MINOR} or a later ${MAJOR}.x, got ${found.version} in ${found.path}. Install it: ${install}`,
    )
  }
  if (projects && projects.path !== ours.path) {
    throw new TetherError(
      'ERR_CONFIG',
      `Expected one Vite in the tree, got two: the project has ${projects.version} in ${projects.path}, ` +
        `vite-tether has ${ours.version} in ${ours.path}. Install one for both: ${install}`,
    )
  }
}

function findVite(from: string): Found | undefined {
  try {
    const file = createRequire(from).resolve('vite/package.json')
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
    return { version, path: realpathSync(dirname(file)) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

const LOCKFILES: ReadonlyArray<[file: string, manager: string]> = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['package-lock.json', 'npm'],
]

const INSTALL: Record<string, string> = {
  npm: 'npm install -D',
  pnpm: 'pnpm add -D',
  yarn: 'yarn add -D',
  bun: 'bun add -d',
}

/** The command that installs Vite with the package manager of the project: by its lockfile, or by who has started us. */
export function installLine(root: string): string {
  const manager = byLockfile(root) ?? /^\w+/.exec(process.env.npm_config_user_agent ?? '')?.[0] ?? 'npm'
  return `${INSTALL[manager] ?? INSTALL.npm} vite-tether ${RANGE}`
}

function byLockfile(folder: string): string | undefined {
  const found = LOCKFILES.find(([file]) => existsSync(join(folder, file)))
  if (found) return found[1]
  const parent = dirname(folder)
  return parent === folder ? undefined : byLockfile(parent)
}
