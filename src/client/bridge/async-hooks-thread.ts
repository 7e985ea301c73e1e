/**
 * Node's module hooks (`module.register`), in the thread in which Node runs them: `import()` of an app file by code that Node
 * has loaded. They ask the importing thread for each answer, because only that thread has the runner.
 */
import type { LoadHook, ResolveHook } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { MessagePort } from 'node:worker_threads'
import { findAppSource, isAppFile, isCodeFile, isNotFound, missedFiles } from './app-files.ts'
import type { ImportAnswer, ImportQuestion } from './async-hooks.ts'

let port: MessagePort
let last = 0
const waiting = new Map<number, (answer: ImportAnswer) => void>()

/** Called by Node once, with what `register` was given. */
export function initialize(data: { port: MessagePort }): void {
  port = data.port
  port.on('message', (answer: ImportAnswer) => {
    waiting.get(answer.id)?.(answer)
    waiting.delete(answer.id)
  })
}

/** Resolves specifiers that Node does not find: without extension, with `.js` for a `.ts` file, or by an alias of Vite. */
export const resolve: ResolveHook = async (specifier, context, next) => {
  try {
    return await next(specifier, context)
  } catch (error) {
    const parent = context.parentURL?.startsWith('file:') ? fileURLToPath(context.parentURL) : undefined
    if (!isNotFound(error) || parent === undefined) throw error
    const path = specifier.startsWith('file:') ? fileURLToPath(specifier) : specifier
    // Only import() gets this far, and so the importing thread is free to answer. Node's import.meta.resolve would block it, but app
    // files as Node loads them (`generated-module`) do not call that.
    const question = () => ({ resolve: specifier, parent, missed: missedFiles(specifier, parent, error) })
    const ofServer = async () => (isAppFile(parent) ? (await ask(question())).file : undefined)
    const found = findAppSource(path, parent) ?? (await ofServer())
    if (found === undefined) throw error
    return { url: pathToFileURL(found).href, shortCircuit: true }
  }
}

/** Answers for app files, which the runner evaluates; Node would make a second instance of them. */
export const load: LoadHook = async (url, context, next) => {
  const file = url.startsWith('file:') ? fileURLToPath(url) : ''
  if (!isAppFile(file) || !isCodeFile(file)) return next(url, context)
  const { source } = await ask({ load: url })
  // CommonJS without source: Node loads the file by `require()`, and so by `require-hooks`
  if (source === undefined) return { format: 'commonjs', source: null as unknown as string, shortCircuit: true }
  return { format: 'module', source, shortCircuit: true }
}

function ask(question: ImportQuestion): Promise<ImportAnswer> {
  const id = ++last
  port.postMessage({ id, ...question })
  return new Promise((resolve) => waiting.set(id, resolve))
}
