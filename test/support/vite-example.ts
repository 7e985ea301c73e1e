/** The examples that Vite's own command runs: pages and app on one port. */
import { join } from 'node:path'
import { onTestFailed, onTestFinished } from 'vitest'
import { freePort, type Running, run, until } from './child.ts'
import { copyExample, plainEnv } from './example.ts'
import type { Project } from './project.ts'
import { type Answer, ask } from './requests.ts'

/** A running example. */
export interface ViteExample extends Project {
  readonly cli: Running
  readonly url: string
  /** Asks Vite's port, as a program does. */
  ask(path: string, options?: { method?: string; headers?: Record<string, string>; body?: string }): Promise<Answer>
  /** The answer that a browser gets for `path`, as soon as it has `text`. */
  shows(path: string, text: string): Promise<string>
}

/** Runs the `dev` script of a copy of `examples/<name>` until the app answers. All of it ends with the test. */
export async function startViteExample(name: string): Promise<ViteExample> {
  const project = copyExample(name)
  const { scripts } = JSON.parse(project.read('package.json')) as { scripts: { dev: string } }
  if (scripts.dev !== 'vite') throw new Error(`examples/${name} runs ${scripts.dev}`)
  const port = await freePort()
  const vite = join(project.root, 'node_modules/vite/bin/vite.js')
  const cli = run(process.execPath, [vite, '--port', String(port), '--strictPort', '--host', '127.0.0.1'], {
    cwd: project.root,
    env: { ...plainEnv(), NO_COLOR: '1' },
  })
  onTestFinished(() => cli.end())
  onTestFailed(() => console.error(`What the terminal of examples/${name} shows:\n${cli.text}`))
  await cli.match(/serves .* on Vite's port/)
  const asked: ViteExample['ask'] = (path, { body, ...options } = {}) =>
    ask({ host: '127.0.0.1', port, path, ...options }, body === undefined ? undefined : Buffer.from(body))
  return {
    ...project,
    cli,
    url: `http://127.0.0.1:${port}`,
    ask: asked,
    shows: (path, text) =>
      until(async () => {
        const { body } = await asked(path, { headers: { accept: 'text/html' } })
        return body.includes(text) && body
      }, `a page with '${text}'`),
  }
}
