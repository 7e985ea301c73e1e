/**
 * The same apps under tsx and under the command: what tsx runs, this runs, with the same output and exit code, or it is a limit
 * that stands here with the error which names it.
 */
import { mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Running, run } from '../support/child.ts'
import { createProject } from '../support/project.ts'
import type { App } from '../support/tsx-app.ts'
import { apps } from '../support/tsx-apps.ts'

const repository = resolve(import.meta.dirname, '../..')
const tools = {
  tsx: [join(repository, 'node_modules/tsx/dist/cli.mjs')],
  tether: [join(repository, 'dist/cli.js'), '--once'],
}

interface Outcome {
  output: string
  errors: string
  code: number | NodeJS.Signals | null
}

async function runWith(tool: keyof typeof tools, app: App, root: string): Promise<Outcome> {
  const { entry = 'main.ts', flags = [], args = [], input = '' } = app
  const { NODE_ENV: _, VITEST: __, ...env } = process.env
  const running: Running = run(process.execPath, [...tools[tool], ...flags, entry, ...args], {
    cwd: join(root, app.cwd ?? ''),
    env: { ...env, NO_COLOR: '1' },
  })
  onTestFinished(() => running.end())
  const outcome = { output: '', errors: '' }
  running.child.stdout!.on('data', (chunk) => {
    outcome.output += chunk
  })
  running.child.stderr!.on('data', (chunk) => {
    outcome.errors += chunk
  })
  running.child.stdin!.end(input)
  const { code, signal } = await running.exited
  return { ...outcome, code: code ?? signal }
}

test.each(Object.entries(apps))('%s', async (_, app) => {
  const project = createProject(app.files)
  for (const [link, target] of Object.entries(app.links ?? {})) {
    mkdirSync(dirname(project.path(link)), { recursive: true })
    symlinkSync(target, project.path(link))
  }
  const [tsx, tether] = await Promise.all([runWith('tsx', app, project.root), runWith('tether', app, project.root)])
  if (app.differs === undefined) expect(tether).toMatchObject({ output: tsx.output, code: tsx.code })
  else if (app.differs instanceof RegExp) {
    // a limit
    expect(tsx.code).toBe(0)
    expect(tether.code).not.toBe(0)
    expect(tether.errors).toMatch(app.differs)
  } else {
    expect(tether).toMatchObject({ output: app.differs, code: 0 })
    expect(tsx.output).not.toBe(app.differs)
  }
})
