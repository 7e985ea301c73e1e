/** Projects that are built: Vite's three commands over one folder, each as its users run it. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { onTestFailed, onTestFinished } from 'vitest'
import { freePort, type Running, run, until } from './child.ts'
import { plainEnv } from './example.ts'
import type { Project } from './project.ts'
import { createProject } from './project.ts'
import { type Answer, ask } from './requests.ts'

const repository = resolve(import.meta.dirname, '../..')
const vite = join(repository, 'node_modules/vite/bin/vite.js')

export type Place = 'dev' | 'preview' | 'production'

/** A project with pages, whose config has `options` for `tether()` and `config` for Vite, as text. */
export function createFullStack(files: Record<string, string>, options: string, config = ''): Project {
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'vite.config.ts': `
      import { tether } from 'vite-tether'
      export default { cacheDir: '.vite', plugins: [tether(${options})], ${config} }
    `,
    ...files,
  })
  mkdirSync(project.path('node_modules'))
  for (const name of ['vite-tether', 'express', 'fastify', 'h3', 'hono', 'koa', 'typescript', 'ws']) {
    symlinkSync(join(repository, 'node_modules', name), project.path(`node_modules/${name}`), 'junction')
  }
  return project
}

/** Runs `vite <args>`; what it says is shown if the test fails. */
export function runVite(project: Project, ...args: string[]): Running {
  return start(project, [vite, ...args])
}

/** Runs `vite build`, and expects it to succeed. Returns what it says. */
export async function build(project: Project, ...args: string[]): Promise<string> {
  const running = runVite(project, 'build', ...args)
  const { code } = await running.exited
  if (code !== 0) throw new Error(`vite build has ended with ${code}:\n${running.text}`)
  return running.text
}

/** Runs the app and waits until `path` is answered with 200. */
export async function startAt(
  place: Place,
  project: Project,
  path: string,
  folder?: string,
): Promise<{ port: number; app: Running }> {
  const port = await freePort()
  const args = ['--port', String(port), '--strictPort', '--host', '127.0.0.1']
  const app =
    place === 'dev'
      ? runVite(project, ...args)
      : place === 'preview'
        ? runVite(project, 'preview', ...args)
        : runBuilt(project, { PORT: String(port), HOST: '127.0.0.1' }, folder)
  await until(async () => {
    if (app.child.exitCode !== null) throw new Error(`It has ended with ${app.child.exitCode}:\n${app.text}`)
    const answer = await ask({ host: '127.0.0.1', port, path }).catch(() => undefined)
    return answer?.status === 200
  }, `${place} to answer`)
  return { port, app }
}

/** Runs the server that was built. */
export function runBuilt(project: Project, env: Record<string, string>, folder = 'dist/server'): Running {
  return start(project, [join(folder, 'index.js')], env)
}

/** Asks a port of this machine. */
export function askAt(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  return ask({ host: '127.0.0.1', port, path, method, headers })
}

function start(project: Project, args: string[], env: Record<string, string> = {}): Running {
  const running = run(process.execPath, args, { cwd: project.root, env: { ...plainEnv(), NO_COLOR: '1', ...env } })
  onTestFinished(() => running.end())
  onTestFailed(() => console.error(`${args.join(' ')} says:\n${running.text}`))
  return running
}
