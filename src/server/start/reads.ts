/**
 * Watches what this process reads while a config and its plugins run, for they may read anything: files, folders, and what nobody can note.
 * Node's loader reads modules by the same functions, so that the code of plugins is among it.
 */
import fs from 'node:fs'
import { isBuiltin, syncBuiltinESMExports } from 'node:module'
import { dirname, posix, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isOwnCode } from '../../shared/util/dist-files.ts'
import { slash } from '../../shared/util/file-path.ts'
import { isPipe } from '../../shared/util/file-stats.ts'
import { CACHE, type Caller, isByVite, isOwn, isVites, isVitesCode, PACKAGE } from './callers.ts'
import { Inputs } from './inputs.ts'
import { lookInto } from './looked-into.ts'
import { createPatches } from './patches.ts'
import { watchRequired } from './required.ts'
import { watchUnknowable } from './unknowable.ts'

const both = (names: readonly string[]) => names.flatMap((name) => [name, `${name}Sync`])

const CONTENTS = [...both(['readFile']), 'createReadStream', 'openAsBlob']
const OPENED = both(['open'])
const LISTS = both(['readdir', 'opendir'])
const QUESTIONS = both(['exists', 'realpath'])
const STATS = [...both(['stat', 'lstat', 'readlink']), 'watchFile']
/** Functions that make a file of another one, or another way to it. */
const COPIES = both(['copyFile', 'link', 'rename'])
const WRITERS = [...both(['writeFile', 'appendFile']), 'createWriteStream']
/** Functions whose outcome tells what there was before. */
const CHANGES = both(['mkdir', 'rm', 'rmdir', 'unlink'])

/** Words of a config, or of a plugin beside it, that may have another value at each start, or read what is not seen here. */
const UNSTEADY =
  /\b(?:Date|Temporal|stdin|SHLVL|OLDPWD|COLUMNS|LINES|(?:TERM|WT|SSH|TMUX|VSCODE)_\w+|\w*_SESSION_ID|WINDOWID|STY|GPG_TTY|random\w*|performance|hrtime|uptime|Intl|getBuiltinModule|binding)\b|\b(?:toLocale\w*|build|createServer|createBuilder|preview|loadConfigFromFile|runnerImport)\s*\(|['"](?:(?:node:)?(?:os|crypto|readline|sqlite|wasi|perf_hooks|v8)|rolldown|rollup|esbuild)['"/]/

/** Functions of Vite that read files by native code. */
const BUILDING = '(?:build|createServer|createBuilder|loadConfigFromFile|resolveConfig|runnerImport|rolldown)'
const IMPORTS_BUILDING = new RegExp(
  `\\{[^{}]*\\b${BUILDING}\\b[^{}]*\\}\\s*(?:from|=\\s*(?:await\\s+)?(?:import|require)\\s*\\()\\s*['"](?:vite|rolldown)['"/]`,
)
const CALLS_BUILDING = new RegExp(`(?:vite|rolldown)\\w*\\.${BUILDING}\\b`, 'i')

/** Settings of Vite's CSS, which plugins have it make: Vite looks for them by itself. */
const CSS_SETTINGS = /postcss/

const CODE = /\.[cm]?[jt]sx?$/

/** `require()` knows no tsconfig.json. */
const NO_SETTINGS = { paths: {}, baseUrl: undefined }

/** Flags of a file whose content is gone when it is opened. */
const TRUNCATED = fs.constants.O_RDWR | fs.constants.O_TRUNC

/** The reads of this process, from `install` on. */
export class Reads {
  readonly inputs = new Inputs()
  /** Files with code of the config and of plugins that are no packages. */
  readonly code = new Set<string>()
  readonly #packages = new Set<string>()
  readonly #installed = new Set<string>()
  readonly #vite: string
  #isServing = false
  #hasSeenModules = false

  /** `vite`: the folder of the package. */
  constructor(vite: string) {
    this.#vite = slash(vite)
  }

  /** Node reads modules by functions that are watched. */
  get hasSeenModules(): boolean {
    return this.#hasSeenModules
  }

  /** The config is there. From now on Vite's own code reads modules, each of which is noted by itself. */
  serve(): void {
    if (this.#isServing) this.inputs.doubted('Vite has restarted')
    this.#isServing = true
  }

  /** Returns what takes it away again. */
  install(): () => void {
    const { patch, undo } = createPatches()
    for (const api of [fs, fs.promises]) {
      for (const name of CONTENTS) patch(api, name, ([path], by) => this.#content(path, by))
      for (const name of OPENED) patch(api, name, ([path, flags], by) => this.#opened(path, flags, by))
      for (const name of LISTS) patch(api, name, ([path, options], by) => this.#list(path, options, by))
      for (const name of QUESTIONS) patch(api, name, ([path], by) => this.#question(path, 'link', by))
      for (const name of both(['access']))
        patch(api, name, ([path, mode], by) => this.#question(path, Number(mode) > 0 ? 'stat' : 'link', by))
      for (const name of STATS) patch(api, name, ([path], by) => this.#question(path, 'stat', by))
      for (const name of COPIES) {
        patch(api, name, ([from, to], by) => {
          this.#content(from, by)
          this.#written(to, by)
        })
      }
      for (const name of both(['symlink'])) {
        patch(api, name, ([from, to], by) => {
          this.#content(resolve(dirname(String(to)), String(from)), by)
          this.#written(to, by)
        })
      }
      for (const name of WRITERS) {
        patch(api, name, ([path, content, options], by) =>
          this.#written(path, by, isExclusive(options ?? (name === 'createWriteStream' ? content : undefined))),
        )
      }
      for (const name of CHANGES) patch(api, name, ([path], by) => this.#written(path, by, true))
    }
    const undoUnknowable = watchUnknowable(patch, (reason, by) => this.#doubt(reason, by))
    const undoRequired = watchRequired((...asked) => this.#required(...asked))
    syncBuiltinESMExports()
    return () => {
      undo()
      undoUnknowable()
      undoRequired()
      syncBuiltinESMExports()
    }
  }

  /** A file of the config, or of a plugin beside it. */
  codeFile(path: string): void {
    if (this.code.has(path)) return
    this.code.add(path)
    this.inputs.file(path)
    const text = read(path)
    const [word] = UNSTEADY.exec(text) ?? []
    if (word !== undefined) this.inputs.doubted(`${path} says ${word}`)
  }

  #content(given: unknown, by: Caller): void {
    if (given === 0) this.#doubt('standard input is read', by)
    const path = pathOf(given)
    if (path === undefined) return
    if (by.loads === undefined && (isOwn(by) || (this.#isServing && isVites(by, this.#vite)))) return
    if (by.loads === 'esm') this.#hasSeenModules = true
    if (CACHE.test(path)) return
    if (this.#package(path)) {
      if (by.loads) this.#installedCode(path)
      return
    }
    this.#own(path, by.loads !== undefined)
  }

  /** A file of the project, or of anybody. */
  #own(path: string, isLoaded: boolean): void {
    if (isPipe(path)) this.inputs.doubted(`${path} is read, which is no file`)
    // a plugin may load code of the project later on
    else if (CODE.test(path) && (!this.#isServing || isLoaded)) this.codeFile(path)
    else this.inputs.file(path)
  }

  /** Code of a plugin: a patch of a package, or a workspace's copy in it, changes nothing that tells its version. */
  #installedCode(path: string): void {
    if (this.#installed.has(path) || isOwnCode(path) || isVitesCode(path, this.#vite)) return
    this.#installed.add(path)
    this.inputs.file(path)
    if (startsVite(path)) this.inputs.doubted(`${path} may start another Vite`)
  }

  /** Node 20 reads CommonJS that is imported, and looks for whatever is required, by functions that are not watched. */
  #required(specifier: string, importers: readonly string[], found: string | undefined): void {
    if (isBuiltin(specifier)) return
    const path = found === undefined ? undefined : slash(found)
    const isInstalled = path !== undefined && this.#package(path)
    if (isInstalled) this.#installedCode(path)
    else if (path !== undefined) this.#own(path, true)
    if (!isInstalled) for (const importer of importers) this.#looked(specifier, slash(importer))
  }

  #looked(specifier: string, importer: string): void {
    // the files of a package come and go with it
    if (specifier.startsWith('.') && this.#package(importer)) return
    if (/^[./]/.test(specifier)) this.inputs.link(posix.resolve(posix.dirname(importer), specifier))
    lookInto(this.inputs, slash(specifier), importer, slash(process.cwd()), () => NO_SETTINGS)
  }

  #opened(given: unknown, flags: unknown, by: Caller): void {
    if (isReading(flags)) {
      this.#content(given, by)
      // whoever has it open may ask for its stats
      this.#question(given, 'stat', by)
    } else this.#written(given, by, isExclusive(flags))
  }

  /** A plugin writes what the app may read. `tells`: whether it was there before has an effect. */
  #written(given: unknown, by: Caller, tells = false): void {
    const path = pathOf(given)
    if (path === undefined || this.#isNotTheirs(by) || CACHE.test(path) || this.#package(path)) return
    if (tells) this.inputs.link(path)
    this.inputs.written(path)
  }

  #list(given: unknown, options: unknown, by: Caller): void {
    const path = pathOf(given)
    if (path === undefined || this.#isNotTheirs(by) || CACHE.test(path) || this.#package(path)) return
    if ((options as { recursive?: boolean } | null)?.recursive)
      this.inputs.doubted(`all folders below ${path} are read`)
    this.inputs.list(path)
  }

  #question(given: unknown, kind: 'link' | 'stat', by: Caller): void {
    const path = pathOf(given)
    if (path === undefined || isOwn(by) || CACHE.test(path)) return
    if ((isVites(by, this.#vite) && !CSS_SETTINGS.test(path)) || this.#package(path)) return
    // Vite only wants to know what is there
    if (kind === 'link' || isByVite(by, this.#vite)) this.inputs.link(path)
    else {
      this.inputs.stat(path)
      // its time is that of its names, but what lies beside the project's own folders comes and goes
      if (!`${slash(process.cwd())}/`.startsWith(`${path}/`) && isFolder(path)) this.inputs.list(path)
    }
  }

  #doubt(reason: string, by: Caller): void {
    if (this.inputs.doubt === undefined && !isOwn(by) && !isByVite(by, this.#vite))
      this.inputs.doubted(`${reason} ${by.lines[0]?.trim() ?? ''}`)
  }

  /** An installed package changes with its package.json and the files of the package manager. Returns `false` for other files. */
  #package(path: string): boolean {
    // in the name of what is kept
    if (isOwnCode(path) || path.startsWith(`${this.#vite}/`)) return true
    const [folder] = PACKAGE.exec(path) ?? []
    if (folder === undefined) return false
    if (this.#packages.has(folder)) return true
    // one that is linked has sources
    if (!this.inputs.link(folder)?.includes('/node_modules/')) return false
    this.#packages.add(folder)
    const manifest = posix.join(folder, 'package.json')
    this.inputs.file(manifest)
    // it may read files by native code that Vite has loaded before
    if (/"dependencies"\s*:\s*\{[^}]*"rolldown"/.test(read(manifest))) this.inputs.doubted(`${folder} needs rolldown`)
    return true
  }

  /** Neither the config nor a plugin has had anything to do with it. */
  #isNotTheirs(by: Caller): boolean {
    return isOwn(by) || isVites(by, this.#vite)
  }
}

/** `false` if a file is opened to be written. */
function isReading(flags: unknown): boolean {
  const { flag, flags: given = flag } = (typeof flags === 'object' && flags !== null ? flags : { flags }) as Record<
    string,
    unknown
  >
  if (typeof given === 'number') return (given & fs.constants.O_WRONLY) === 0 && (given & TRUNCATED) !== TRUNCATED
  // the second argument of readFile() is an encoding
  return !/^(?:w|a|wx|xw|ax|xa|w\+|wx\+|xw\+|as|sa)$/.test(String(given))
}

/** `true` if a file is written only where there is none. */
function isExclusive(options: unknown): boolean {
  const { flag, flags = flag } = (
    typeof options === 'object' && options !== null ? options : { flags: options }
  ) as Record<string, unknown>
  return typeof flags === 'number' ? (flags & fs.constants.O_EXCL) !== 0 : /^[aw]s?x|^x/.test(String(flags))
}

function isFolder(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** The absolute path; `undefined` for what is open already. */
function pathOf(given: unknown): string | undefined {
  if (typeof given !== 'string' && !Buffer.isBuffer(given) && !(given instanceof URL)) return undefined
  const path = given instanceof URL || String(given).startsWith('file:') ? fileURLToPath(given as URL) : String(given)
  return posix.resolve(slash(process.cwd()), slash(path))
}

/** `true` for installed code that may do so. */
function startsVite(path: string): boolean {
  const text = CODE.test(path) ? read(path) : ''
  return /['"](?:vite|rolldown)['"]/.test(text) && (IMPORTS_BUILDING.test(text) || CALLS_BUILDING.test(text))
}

function read(path: string): string {
  try {
    return fs.readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
