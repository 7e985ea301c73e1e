/**
 * `import()` of app files where Node has no synchronous hooks (`sync-hooks`): answers the questions of the hooks' thread. The
 * source that Node gets for an ES module is a few lines which export the values of the runner's instance.
 */
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'
import { MessageChannel } from 'node:worker_threads'
import { createDebug } from 'obug'
import { distUrl } from '../../shared/util/dist-files.ts'
import type { ModuleNamespace } from '../module-types.ts'
import { formatOfFile } from './app-files.ts'
import { passOn } from './generated-module.ts'
import type { Provider } from './provider.ts'

const debug = createDebug('vite-tether:native')

/** A question of the hooks: the code for a URL, or the file of a specifier for which Node has looked for the files `missed`. */
export type ImportQuestion = { load: string } | { resolve: string; parent: string; missed: string[] }

/** No `source`: the file is CommonJS. */
export interface ImportAnswer {
  id: number
  source?: string
  file?: string | undefined
}

/** The result of evaluating a module: its exports, or the error that it threw. */
type Evaluated = { exports: ModuleNamespace } | { error: unknown }

const outcomes = new Map<number, Evaluated>()
let last = 0

/** The exports that a generated module passes on. Throws what the module threw. */
export function take(id: number): ModuleNamespace {
  const outcome = outcomes.get(id)!
  outcomes.delete(id)
  if ('error' in outcome) throw outcome.error
  return outcome.exports
}

/** Installs the hooks for this thread. `self` is the URL of a module that exports {@link take}. */
export function hookImport(provider: Provider, self: string): void {
  debug('starts the thread of the hooks')
  const { port1, port2 } = new MessageChannel()
  register(distUrl('bridge-hooks.js'), { data: { port: port2 }, transferList: [port2] })
  port1.on('message', async ({ id, ...question }: ImportQuestion & { id: number }) => {
    const answer = 'load' in question ? await load(provider, question.load, self) : await find(provider, question)
    port1.postMessage({ id, ...answer } satisfies ImportAnswer)
  })
  // Node keeps the process alive while an import waits for its hooks
  port1.unref()
}

async function load(provider: Provider, url: string, self: string): Promise<{ source?: string }> {
  debug('import %s', url)
  let outcome: Evaluated
  try {
    const runner = await provider.open()
    const file = fileURLToPath(url)
    const format = formatOfFile(file)
    if (format === 'commonjs') return {}
    if (format === 'typescript' && (await runner.native.commonJsLater(file))) return {}
    outcome = { exports: await runner.import(url) }
  } catch (error) {
    outcome = { error }
  }
  outcomes.set(++last, outcome)
  const names = 'exports' in outcome ? Object.keys(outcome.exports) : []
  return {
    source: `import { take } from ${JSON.stringify(self)}\nconst $ = take(${last})\n${names.map(passOn).join('')}`,
  }
}

async function find(
  provider: Provider,
  { resolve, parent, missed }: { resolve: string; parent: string; missed: string[] },
) {
  try {
    const { native } = await provider.open()
    native.missed(missed)
    return { file: native.resolve(resolve, parent) }
  } catch (error) {
    // answered without a file: the hook then throws Node's own "not found", which names the importer
    debug('resolve %s: %o', resolve, error)
    return {}
  }
}
