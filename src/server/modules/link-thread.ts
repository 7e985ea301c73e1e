/**
 * The thread of `package-names`: has Node link imports of packages and builtins, as the app's process would. Nothing of a package runs:
 * each import is linked in a module that also imports a name that cannot be there, so that linking always ends with an error. V8 resolves
 * the names in their order, and the error says which of the two it has missed.
 */
import { isBuiltin } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import type { MissingName, NamedImport } from './package-names.ts'

const NEVER = 'a name that nobody exports'

async function link({ specifier, name, importer }: NamedImport): Promise<MissingName | undefined> {
  try {
    const url = JSON.stringify(import.meta.resolve(specifier, importer))
    const imports = [
      `{ ${JSON.stringify(name)} as a } from ${url}`,
      `{ ${JSON.stringify(NEVER)} as b } from 'node:process'`,
    ]
    await import(`data:text/javascript,${encodeURIComponent(imports.map((each) => `import ${each}\n`).join(''))}`)
  } catch (error) {
    const { name: kind, message } = error as Error
    // of a package that cannot be found or linked in itself its own import tells more
    if (kind !== 'SyntaxError' || message.includes(NEVER)) return undefined
    if (message.startsWith(`Named export '${name}' not found.`)) return { format: 'commonjs', names: [] }
    if (!message.endsWith(`does not provide an export named '${name}'`)) return undefined
    return { format: 'module', names: isBuiltin(specifier) ? Object.keys(await import(specifier)) : [] }
  }
  return undefined
}

parentPort!.postMessage(await Promise.all((workerData as NamedImport[]).map(link)))
