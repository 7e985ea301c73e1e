/** Starts of the command that leave something for the next one. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { type Running, run } from './child.ts'
import { createProject, type Project } from './project.ts'

/** The command. */
export const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

/** The folder of what is kept, in a project. */
export const STORE = 'node_modules/.vite/vite-tether'

/** A project of ES modules with a folder for packages. */
export function createApp(files: Record<string, string>): Project {
  return createProject({ 'package.json': '{ "type": "module" }', 'node_modules/.keep': '', ...files })
}

/** Starts the command, which tells what is kept and used. */
export function begin(project: Project, flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Running {
  const running = run(process.execPath, [cli, ...flags, 'src/main.ts'], {
    cwd: project.root,
    env: { ...process.env, NO_COLOR: '1', NODE_ENV: undefined, DEBUG: 'vite-tether:start', ...env },
  })
  onTestFinished(() => running.end())
  return running
}

/** Outcome of a start. */
export interface Started {
  /** The lines of the app, which begin with `app `. */
  says: string[]
  /** The number of modules that the process has begun with; 0 if it has waited for Vite. */
  begun: number
  /** The number of modules that were written down. */
  kept: number
}

/** Reads the outcome of a start from its output. */
export function readStart({ text }: Pick<Running, 'text'>): Started {
  return {
    says: text.split('\n').filter((line) => line.startsWith('app ')),
    begun: Number(/begins with (\d+) modules/.exec(text)?.[1] ?? 0),
    kept: Number(/(\d+) modules are kept/.exec(text)?.[1] ?? 0),
  }
}

/** Starts the app once, to its end. */
export async function startOnce(
  project: Project,
  flags: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Started> {
  const running = begin(project, ['--once', ...flags], env)
  expect(await running.exited, running.text).toEqual({ code: 0, signal: null })
  return readStart(running)
}

/** The path of the index of the only start that is kept. */
export function indexOf(project: Project): string {
  const indices = readdirSync(project.path(STORE)).filter((file) => /^start-[\da-f]{32}$/.test(file))
  expect(indices).toHaveLength(1)
  return project.path(`${STORE}/${indices[0]}`)
}
