/** An app that answers with its version, which updates in place raise. */
import { symlinkSync } from 'node:fs'
import { Agent } from 'node:http'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { createProject } from './project.ts'
import { ask } from './requests.ts'
import { startServer, type TestServer } from './tether.ts'

const packages = resolve(import.meta.dirname, '../../node_modules')

export interface Versions extends TestServer {
  /** The version of the last update that has ended. */
  readonly version: number
  /** Saves the next one, and resolves when the app, still the same process, has it. */
  update(version: number): Promise<void>
}

/** Starts `code`, which has `version` and the packages of this repository, and prints `listens` when it does. */
export async function startVersions(code: string): Promise<Versions> {
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'main.ts': `import { version } from './version.ts'\n${code}\nimport.meta.hot?.accept()`,
    'version.ts': `export const version = '0'`,
    'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true } }',
  })
  symlinkSync(packages, project.path('node_modules'), 'dir')
  const app = await startServer(project.root, { entry: 'main.ts' })
  await app.line(/^listens/)
  const pid = app.hub.runners[0]?.pid
  let current = 0
  return {
    ...app,
    get version() {
      return current
    },
    async update(version) {
      const outcome = new Promise<string>((resolve) => {
        app.hub.once('update:applied', (_, report) => resolve(report.outcome))
      })
      project.write('version.ts', `export const version = '${version}'`)
      expect(await outcome).toBe('updated')
      expect(app.hub.runners[0]?.pid).toBe(pid)
      current = version
    },
  }
}

/** Clients that ask an app for its version without a pause. */
export interface VersionClients {
  /** Resolves when all have had their last answer: with how many there were, and all that were none or older than the code at the time of the request. */
  end(): Promise<{ count: number; wrong: string[] }>
}

/** Four clients ask `path`: each second one on one connection, the others on a new one each time. */
export function startVersionClients(app: Versions, port: number, path: string): VersionClients {
  let isOver = false
  let count = 0
  const wrong: string[] = []
  const clients = [true, false, true, false].map(async (keepAlive) => {
    const agent = keepAlive && new Agent({ keepAlive: true, maxSockets: 1 })
    while (!isOver) {
      const { version } = app
      await ask({ port, host: '127.0.0.1', path, agent }).then(
        ({ status, body }) => {
          const answered = /\d+/.exec(body)?.[0]
          if (status !== 200) wrong.push(`${status} ${body}`)
          else if (!answered || Number(answered) < version) wrong.push(`${body} instead of ${version}`)
        },
        (error: NodeJS.ErrnoException) => wrong.push(error.code ?? error.message),
      )
      count++
      await delay(1)
    }
    if (agent) agent.destroy()
  })
  onTestFinished(() => {
    isOver = true
  })
  return {
    async end() {
      isOver = true
      await Promise.all(clients)
      return { count, wrong }
    },
  }
}
