/** Clients of an app under test in a process of their own, so that neither Vite nor the test makes them late. */
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { run } from './child.ts'

const program = fileURLToPath(new URL('../fixtures/ports/clients.mjs', import.meta.url))

/** Four of them, which ask without a pause. */
export interface Clients {
  /** Resolves when one has had this answer. */
  answer(body: string): Promise<unknown>
  /** Ends them after their last answer. Resolves with how many there were, and with what has failed. */
  end(): Promise<{ asked: number; failures: string[] }>
}

/** `connections`: a new one for each request, one that each client keeps, or a session of HTTP/2. */
export function startClients(url: string, connections: 'new' | 'kept' | 'session'): Clients {
  const clients = run(process.execPath, [program, url, connections])
  onTestFinished(() => clients.end())
  return {
    answer: (body) => clients.match(new RegExp(`^answer ${body}$`, 'm')),
    async end() {
      clients.child.stdin!.end()
      const [, asked] = await clients.match(/^asked (\d+)$/m)
      return { asked: Number(asked), failures: clients.text.split('\n').filter((line) => line.startsWith('failed')) }
    },
  }
}
