/** A small app under the plugin, in a process of its own. */
import { execFileSync } from 'node:child_process'
import type { InlineConfig } from 'vite'
import type { TetherOptions } from '../../src/index.ts'
import { createProject, type Project } from './project.ts'
import { startServer, type TestServer } from './tether.ts'

export interface TestApp extends TestServer {
  project: Project
  /** The line of the app that begins with `result `, read as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: an app prints anything
  result(): Promise<any>
}

/** Writes `files` and starts their entry. Everything ends with the test. */
export async function startApp(
  files: Record<string, string>,
  options: TetherOptions = {},
  config: InlineConfig = {},
): Promise<TestApp> {
  const project = createProject(files)
  const server = await startServer(project.root, { entry: 'src/main.ts', ...options }, config)
  return {
    project,
    ...server,
    result: async () => {
      const line = await server.line(/^result |exited with code/)
      if (!line.startsWith('result ')) throw new Error(`The app has ended:\n${server.lines.join('\n')}`)
      return JSON.parse(line.slice('result '.length))
    },
  }
}

/** The output of plain node for a file. */
export function printedByNode(project: Project, file: string): string {
  return execFileSync(process.execPath, [project.path(file)], { cwd: project.root, encoding: 'utf8' })
}
