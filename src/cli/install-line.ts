/** The command line that installs what is missing. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

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

/** The command that installs `packages` for development with the package manager of the project: by its lockfile, or by who has started us. */
export function installLine(root: string, packages: string): string {
  const manager = byLockfile(root) ?? /^\w+/.exec(process.env.npm_config_user_agent ?? '')?.[0] ?? 'npm'
  return `${INSTALL[manager] ?? INSTALL.npm} ${packages}`
}

function byLockfile(folder: string): string | undefined {
  const found = LOCKFILES.find(([file]) => existsSync(join(folder, file)))
  if (found) return found[1]
  const parent = dirname(folder)
  return parent === folder ? undefined : byLockfile(parent)
}
