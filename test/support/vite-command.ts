/** Vite's own command in a project whose config imports this package. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Running, run } from './child.ts'
import { createProject, type Project } from './project.ts'

const repository = resolve(import.meta.dirname, '../..')

/** Writes `files` and starts `vite`. Everything ends with the test. */
export function startVite(files: Record<string, string>): { project: Project; app: Running } {
  const project = createProject({ 'package.json': '{ "type": "module" }', ...files })
  mkdirSync(project.path('node_modules'))
  symlinkSync(repository, project.path('node_modules/vite-tether'))
  const { VITEST: _, NODE_ENV: __, ...env } = process.env
  const vite = join(repository, 'node_modules/vite/bin/vite.js')
  const app = run(process.execPath, [vite, '--port', '0'], {
    cwd: project.root,
    env: { ...env, NO_COLOR: '1', CI: '1' },
  })
  onTestFinished(() => app.end())
  return { project, app }
}
