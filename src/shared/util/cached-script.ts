/**
 * Runs a CommonJS file of ours, and keeps what V8 has compiled of it for the next process. Node can do that from 22.8 on, for the
 * files that it loads once it has been told where to; here it is done before anything is told, and on each version.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { arch, pid, version } from 'node:process'
// not by their names: Node 18 has no `constants`, and would fail before anybody could say that it is too old
import vm from 'node:vm'

/** Bytes of a SHA-256, which a kept file begins with: V8 runs data that was damaged. */
const HEAD = 32

type Wrapped = (
  exports: object,
  require: NodeJS.Require,
  module: { exports: object },
  file: string,
  folder: string,
) => void

/** The file after it was run. */
export interface RunScript {
  exports: object
  /** Writes what is compiled by now, unless it was there already. A failure (a read-only or full disk) is ignored. */
  keep(): void
}

/** Whether this Node can run scripts that import something. */
export const runsScripts = vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER !== undefined

/** Runs `file`. What is kept of it lies in `folder`; data that is damaged, or another V8's, is as none. */
export function runScript(file: string, folder: string): RunScript {
  const text = readFileSync(file, 'utf8')
  // V8 compares nothing but the length of the text: it would run the data of another text of that length
  const name = `${basename(file)}-${digest(text).toString('hex').slice(0, 16)}`
  // nor the path of the file: frames of stacks would name the one of a folder that this is a copy of, and no longer be known for ours
  const place = digest(file).toString('hex').slice(0, 8)
  const kept = join(folder, `${name}-${version}-${arch}-${place}`)
  const cachedData = read(kept)
  const script = new vm.Script(`(function (exports, require, module, __filename, __dirname) { ${text}\n})`, {
    filename: file,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(cachedData && { cachedData }),
  })
  const module = { exports: {} }
  const run = script.runInThisContext() as Wrapped
  run(module.exports, createRequire(file), module, file, dirname(file))
  return {
    exports: module.exports,
    keep() {
      if (mayKeep() && (!cachedData || script.cachedDataRejected)) write(kept, script.createCachedData(), name)
    },
  }
}

/** The coverage of functions that come out of such data is less precise: https://nodejs.org/api/module.html#module-compile-cache */
function mayKeep(): boolean {
  return !process.env.NODE_V8_COVERAGE && !process.env.NODE_DISABLE_COMPILE_CACHE
}

function digest(content: string | Buffer): Buffer {
  return createHash('sha256').update(content).digest()
}

function read(path: string): Buffer | undefined {
  if (!mayKeep()) return undefined
  try {
    const content = readFileSync(path)
    const data = content.subarray(HEAD)
    return digest(data).equals(content.subarray(0, HEAD)) ? data : undefined
  } catch {
    return undefined
  }
}

/** Two processes may write at once, and a third may read meanwhile: the file gets its name when it is whole. */
function write(path: string, data: Buffer, name: string): void {
  const folder = dirname(path)
  const unfinished = `${path}-${pid}`
  try {
    mkdirSync(folder, { recursive: true })
    try {
      writeFileSync(unfinished, Buffer.concat([digest(data), data]))
      renameSync(unfinished, path)
    } finally {
      rmSync(unfinished, { force: true })
    }
    // those of other versions of this package
    for (const each of readdirSync(folder)) if (!each.startsWith(name)) rmSync(join(folder, each), { force: true })
  } catch {
    // a disk that is full or read-only
  }
}
