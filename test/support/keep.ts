/** Modules that use `vite-tether/keep`, in a runner of this process; and clients that ask them all the time. */
import { Agent, get } from 'node:http'
import { onTestFinished } from 'vitest'
import { createProject, type Project } from './project.ts'
import { attach, startServer } from './tether.ts'

export interface KeepApp extends Project {
  /** The words that the modules have said with `say()` since the last call. */
  said(): string[]
  /** Live exports of the entry. */
  // biome-ignore lint/suspicious/noExplicitAny: a module exports anything
  exports(): Promise<any>
  /** Saves, and resolves with the report of what came of it. */
  // biome-ignore lint/suspicious/noExplicitAny: as the tests read it
  after(save: () => void): Promise<any>
  close(): Promise<void>
}

/** Writes `files` and imports `src/main.ts`; modules say what happens to them with `say()`. Everything ends with the test. */
export async function startKeepApp(files: Record<string, string>): Promise<KeepApp> {
  const project = createProject({ 'package.json': '{ "type": "module" }', ...files })
  const { hub } = await startServer(project.root, { attach: true })
  const { runner, applied } = await attach({ hub }, project.root)
  const said: string[] = []
  Object.assign(globalThis, { say: (what: string) => said.push(what) })
  await runner.import('/src/main.ts')
  return {
    ...project,
    said: () => said.splice(0),
    exports: () => runner.import('/src/main.ts'),
    async after(save) {
      const report = applied()
      save()
      return report
    },
    close: () => runner.close(),
  }
}

/** The answer that a client got: the status and the text, or the code of the error. */
export type Answer = string

/** One GET; over `agent`, if there is one. Never rejects. */
export function ask(port: number, path = '/', agent?: Agent): Promise<Answer> {
  return new Promise((resolve) => {
    const request = get({ port, path, agent: agent ?? false, host: '127.0.0.1' }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      response.on('end', () => resolve(`${response.statusCode} ${text}`))
    })
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

/** Clients that ask one thing after another, half of them over connections that they keep. */
export interface Load {
  /** Resolves when `count` further answers have come. */
  more(count: number): Promise<void>
  /** Ends it; resolves with how often each answer came. */
  stop(): Promise<Record<Answer, number>>
}

/** Starts `clients` of them. */
export function startLoad(port: number, path = '/', clients = 8): Load {
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  const answers: Record<Answer, number> = {}
  let total = 0
  let stopped = false
  let wake = () => {}
  async function client(index: number): Promise<void> {
    while (!stopped) {
      const answer = await ask(port, path, index % 2 === 0 ? agent : undefined)
      answers[answer] = (answers[answer] ?? 0) + 1
      total++
      wake()
    }
  }
  const working = Promise.all(Array.from({ length: clients }, (_, index) => client(index)))
  return {
    async more(count) {
      const wanted = total + count
      while (total < wanted) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    async stop() {
      stopped = true
      await working
      return answers
    },
  }
}
