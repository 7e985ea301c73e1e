/** A project with pages and an app, on Vite's port. */
import type { AddressInfo } from 'node:net'
import type { InlineConfig } from 'vite'
import type { TetherOptions } from '../../src/index.ts'
import { until } from './child.ts'
import { createProject, type Project } from './project.ts'
import { type Answer, ask } from './requests.ts'
import { startServer, type TestServer } from './tether.ts'

export interface FullStack extends TestServer {
  project: Project
  /** Of Vite. */
  port: number
  /** Resolves when the app answers requests. */
  serving(): Promise<unknown>
  /** Asks Vite's port. */
  ask(path: string, options?: { method?: string; headers?: Record<string, string>; body?: string }): Promise<Answer>
}

/** An app that listens by itself, whose requests go to `answer.ts`. */
export const LISTENING = {
  'src/main.ts': `
    import { createServer } from 'node:http'
    import { answer } from './answer.ts'
    createServer(answer).listen(0, '127.0.0.1')
  `,
  'src/answer.ts': `
    import type { IncomingMessage, ServerResponse } from 'node:http'
    export function answer(request: IncomingMessage, response: ServerResponse) {
      if (request.url!.includes('missing')) response.statusCode = 404
      response.end('app: ' + request.method + ' ' + request.url)
    }
  `,
}

export const PAGES = {
  'index.html': '<!doctype html><title>front page</title><script type="module" src="/client/main.ts"></script>',
  'client/main.ts': "document.title = 'loaded'",
}

/** Starts Vite over `files`, on a port of its own. */
export async function startFullStack(
  files: Record<string, string>,
  options: TetherOptions = {},
  config: InlineConfig = {},
): Promise<FullStack> {
  const project = createProject(files)
  const server = await startServer(
    project.root,
    // a process that gets no time on a busy machine may not answer within a second what it was asked
    { entry: 'src/main.ts', serve: true, stop: { drain: 20_000 }, ...options },
    { ...config, server: { middlewareMode: false, port: 0, host: '127.0.0.1', ws: {}, ...config.server } },
  )
  const { port } = server.server.httpServer!.address() as AddressInfo
  return {
    ...{ project, port, ...server },
    serving: () => until(() => server.hub.runners[0]?.serving, 'the app to answer requests'),
    ask: (path, { body, ...how } = {}) =>
      ask({ host: '127.0.0.1', port, path, ...how }, body === undefined ? undefined : Buffer.from(body)),
  }
}
