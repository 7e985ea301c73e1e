/**
 * Collects all that shapes the code of an environment's modules, each before Vite has read it for the first time. What is still the same
 * when the code is written down is what the code was made of.
 */
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { isFilePath, slash } from '../../shared/util/file-path.ts'
import {
  type Expected,
  fileIs,
  firstDifference,
  folderIs,
  linkIs,
  listIs,
  PIPE,
  type Proof,
  statIs,
} from '../../shared/util/file-proof.ts'
import { isPipe } from '../../shared/util/file-stats.ts'

/** The files in each folder above a module that have a say in its code, and those by which package managers tell what is installed. */
const SETTINGS = ['package.json', 'tsconfig.json']
const INSTALLED = [
  ...['package-lock.json', 'npm-shrinkwrap.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', 'yarn.lock', 'bun.lock'],
  ...['bun.lockb', 'node_modules/.package-lock.json', 'node_modules/.modules.yaml', 'node_modules/.pnpm/lock.yaml'],
  ...['node_modules/.yarn-state.yml', 'node_modules/.yarn-integrity'],
]

/** An expansion, as Vite makes them in env files: `$NAME`, `${NAME}`. */
const EXPANSION = /(?<!\\)\$[{a-z_]/i

/** Where the files of a project lie. */
export interface ProjectFiles {
  root: string
  envDir: string
  mode: string
  configFile: string | undefined
}

/** The inputs of one environment. */
export class Inputs {
  readonly #files = new Map<string, string | null>()
  readonly #folders = new Map<string, string | null>()
  readonly #lists = new Map<string, string | null>()
  readonly #links = new Map<string, string | null>()
  readonly #stats = new Map<string, string | null>()
  readonly #written = new Set<string>()
  /** Module files -> digests of the sources that their code was made of. */
  readonly #sources = new Map<string, string>()
  #doubt: string | undefined

  /** The first reason why nothing can be kept in the life of this server. */
  get doubt(): string | undefined {
    return this.#doubt
  }

  /** Something shapes the code that cannot be noted. */
  doubted(reason: string): void {
    this.#doubt ??= reason
  }

  file(path: string): void {
    if (this.#files.has(path)) return
    const is = fileIs(path)
    this.#files.set(path, is)
    if (is === PIPE) this.doubted(`${path} is a pipe or a device`)
  }

  /** A file that a plugin makes: an app that reads it needs it as it is in the end. */
  written(path: string): void {
    this.#written.add(path)
  }

  folder(path: string): void {
    if (!this.#folders.has(path)) this.#folders.set(path, folderIs(path))
  }

  /** A folder all of whose names count. */
  list(path: string): void {
    if (!this.#lists.has(path)) this.#lists.set(path, listIs(path))
  }

  hasFolder(path: string): boolean {
    return (this.#folders.get(path) ?? null) !== null
  }

  /** A path whose time or size count. */
  stat(path: string): void {
    if (!this.#stats.has(path)) this.#stats.set(path, statIs(path))
  }

  /** Returns the real path, `null` if there is nothing. */
  link(path: string): string | null {
    let real = this.#links.get(path)
    if (real === undefined) {
      real = linkIs(path)
      this.#links.set(path, real)
    }
    return real
  }

  /** Vite is about to read a module. Returns `true` for the first one of a folder. */
  reading(id: string): boolean {
    return isFilePath(id) && this.#above(posix.dirname(slash(id)), SETTINGS)
  }

  /** The project itself, before anything is read of it. */
  project({ root, envDir, mode, configFile }: ProjectFiles): void {
    this.#above(root, INSTALLED)
    const names = ['.env', '.env.local', `.env.${mode}`, `.env.${mode}.local`]
    // an app may read those of its root itself
    for (const folder of new Set([root, envDir])) {
      for (const name of names) {
        const path = posix.join(folder, name)
        this.file(path)
        if (takesVariables(path)) this.doubted(`${path} takes values of other variables, which the shell may have`)
      }
    }
    if (configFile !== undefined) this.file(configFile)
    for (const extension of ['js', 'mjs', 'ts', 'cjs', 'mts', 'cts'])
      this.file(posix.join(root, `vite.config.${extension}`))
  }

  /** Vite has read this, and makes code of it. */
  source(id: string, digest: string): void {
    this.#sources.set(id, digest)
  }

  sourceOf(id: string): string | undefined {
    return this.#sources.get(id)
  }

  /** The proof for these files, and everything but sources; a reason if something is not what it was when it was read. */
  proof(others: readonly Expected[]): Proof | { reason: string } {
    const written = [...this.#written].filter((path) => !this.#files.has(path))
    const proof = {
      files: [...this.#files, ...others, ...written.map((path): Expected => [path, fileIs(path)])],
      folders: [...this.#folders],
      lists: [...this.#lists],
      links: [...this.#links],
      stats: [...this.#stats],
    }
    const changed = firstDifference(proof)
    return changed === undefined ? proof : { reason: `${changed} has changed` }
  }

  /** `proof` with the sources of modules. */
  withSources(proof: Proof, ids: readonly string[]): Proof {
    return { ...proof, files: [...proof.files, ...ids.map((id): Expected => [id, this.#sources.get(id)!])] }
  }

  readonly #seen = new Map<string, Set<string>>()

  /** Notes the files `names` in `folder` and all folders above it. Returns `false` if that has been done. */
  #above(folder: string, names: readonly string[]): boolean {
    const key = names[0]!
    const seen = this.#seen.get(key) ?? new Set()
    this.#seen.set(key, seen)
    const isNew = !seen.has(folder)
    for (let at = folder; !seen.has(at); at = posix.dirname(at)) {
      seen.add(at)
      for (const name of names) this.file(posix.join(at, name))
    }
    return isNew
  }
}

/** `true` for an env file by which `import.meta.env` may have values that do not stand there. */
function takesVariables(path: string): boolean {
  if (isPipe(path)) return false
  try {
    const text = readFileSync(path, 'utf8')
    return /VITE_|NODE_ENV/.test(text) && EXPANSION.test(text)
  } catch {
    return false
  }
}
