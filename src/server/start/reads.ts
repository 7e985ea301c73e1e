/**
 * Watches what this process reads while a config and its plugins run, for they may read anything: files, folders, and what nobody can note.
 * Node's loader reads modules by the same functions, so that the code of plugins is among it.
 */
import childProcess from 'node:child_process'
import dgram from 'node:dgram'
import dns from 'node:dns'
import fs from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import os from 'node:os'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isOwnCode } from '../../shared/util/dist-files.ts'
import { slash } from '../../shared/util/file-path.ts'
import { watchClock } from './asked-clock.ts'
import { type Caller, callerOf, isByVite, isOwn, isVites, isVitesCode } from './callers.ts'
import { Inputs } from './inputs.ts'

type Functions = Record<string, (...args: unknown[]) => unknown>

const CONTENTS = ['readFile', 'readFileSync', 'open', 'openSync', 'createReadStream', 'openAsBlob']
const LISTS = ['readdir', 'readdirSync', 'opendir', 'opendirSync']
const QUESTIONS = ['exists', 'access', 'realpath', 'readlink'].flatMap((name) => [name, `${name}Sync`])
const STATS = ['stat', 'lstat'].flatMap((name) => [name, `${name}Sync`])
/** Functions that tell of a machine or of a network, which is in no file. */
const MACHINE = ['hostname', 'networkInterfaces', 'userInfo', 'freemem', 'loadavg', 'uptime']
/** Functions whose reads are not seen: they call Node's insides. */
const UNSEEN = ['glob', 'globSync', 'cp', 'cpSync']

/** Words of a config, or of a plugin beside it, that may have another value at each start, or read what is not seen here. */
const UNSTEADY =
  /\b(?:Date|Temporal|stdin|SHLVL|OLDPWD|COLUMNS|LINES|(?:TERM|WT|SSH|TMUX|VSCODE)_\w+|\w*_SESSION_ID|WINDOWID|STY|GPG_TTY|random\w*|performance|hrtime|uptime|Intl|getBuiltinModule|binding)\b|\b(?:toLocale\w*|build|createServer|createBuilder|preview|loadConfigFromFile|runnerImport)\s*\(|['"](?:(?:node:)?(?:os|crypto|readline|sqlite|wasi|perf_hooks|v8)|rolldown|rollup|esbuild)['"/]/

/** Functions of Vite that read files by native code. */
const BUILDING = '(?:build|createServer|createBuilder|loadConfigFromFile|resolveConfig|runnerImport|rolldown)'
const IMPORTS_BUILDING = new RegExp(
  `\\{[^{}]*\\b${BUILDING}\\b[^{}]*\\}\\s*(?:from|=\\s*(?:await\\s+)?(?:import|require)\\s*\\()\\s*['"](?:vite|rolldown)['"/]`,
)
const CALLS_BUILDING = new RegExp(`(?:vite|rolldown)\\w*\\.${BUILDING}\\b`, 'i')

/** Native code that is Vite's. */
const NATIVE = /[\\/](?:@?rolldown|lightningcss|fsevents)/

/** A file of a package manager's folder; the greedy first part leads to the innermost one. */
const PACKAGE = /^.*\/node_modules\/(?:@[^/]+\/)?[^/.@][^/]*/
/** Caches of Vite and others, and its bundle of the config, which lies beside that where there is no node_modules: they are made of something else. */
const CACHE = /\/node_modules\/\.(?:vite|cache)|\.timestamp-\d+-[\da-f]+\.m?js$/

const CODE = /\.[cm]?[jt]sx?$/

/** Flags of a file whose content is gone when it is opened. */
const TRUNCATED = fs.constants.O_RDWR | fs.constants.O_TRUNC

/** The reads of this process, from `install` on. */
export class Reads {
  readonly inputs = new Inputs()
  /** Files with code of the config and of plugins that are no packages. */
  readonly code = new Set<string>()
  readonly #packages = new Set<string>()
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
    const undone: (() => void)[] = []
    const patch = (object: object, name: string, note: (args: unknown[], by: Caller) => void) => {
      const functions = object as Functions
      const original = functions[name]
      if (typeof original !== 'function') return
      const noting = function (this: unknown, ...args: unknown[]): unknown {
        note(args, callerOf(noting))
        return new.target ? Reflect.construct(original, args, new.target) : original.apply(this, args)
      }
      Object.defineProperties(noting, Object.getOwnPropertyDescriptors(original))
      functions[name] = noting
      undone.push(() => {
        functions[name] = original
      })
    }
    for (const api of [fs, fs.promises]) {
      for (const name of CONTENTS) patch(api, name, ([path, flags], by) => isReading(flags) && this.#content(path, by))
      for (const name of ['copyFile', 'copyFileSync']) patch(api, name, ([path], by) => this.#content(path, by))
      for (const name of LISTS) patch(api, name, ([path, options], by) => this.#list(path, options, by))
      for (const name of QUESTIONS) patch(api, name, ([path], by) => this.#question(path, 'link', by))
      for (const name of STATS) patch(api, name, ([path], by) => this.#question(path, 'stat', by))
      for (const name of UNSEEN) patch(api, name, (_, by) => this.#doubt(`${name}() is called`, by))
    }
    for (const name of ['spawn', 'exec', 'execFile', 'fork'].flatMap((each) => [each, `${each}Sync`]))
      patch(childProcess, name, (_, by) => this.#doubt('a process is started', by))
    // here, because the command's first file has no use for it in most starts
    const threads: object = createRequire(import.meta.url)('node:worker_threads')
    patch(threads, 'Worker', (_, by) => this.#doubt('a thread is started', by))
    for (const [api, name] of [
      [net.Socket, 'connect'],
      [net.Server, 'listen'],
      [dgram.Socket, 'bind'],
      [dgram.Socket, 'send'],
    ] as const)
      patch(api.prototype, name, (_, by) => this.#doubt('a socket is opened', by))
    for (const name of MACHINE) patch(os, name, (_, by) => this.#doubt(`os.${name}() is asked`, by))
    for (const api of [dns, dns.promises]) {
      for (const name of Object.keys(api).filter((each) => /^(?:lookup|resolve|reverse)/.test(each)))
        patch(api, name, (_, by) => this.#doubt('an address is looked up', by))
    }
    patch(process, 'dlopen', ([, file], by) => {
      if (!NATIVE.test(String(file))) this.#doubt('native code is loaded', by)
    })
    patch(Math, 'random', (_, by) => this.#doubt('chance is asked', by))
    undone.push(watchClock((by) => this.#doubt('a clock is asked', by)))
    syncBuiltinESMExports()
    return () => {
      for (const undo of undone) undo()
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
      if (by.loads && !isOwnCode(path) && !isVitesCode(path, this.#vite) && startsVite(path))
        this.inputs.doubted(`${path} may start another Vite`)
      return
    }
    if (!mayBeReadAgain(path)) this.inputs.doubted(`${path} is read, which is no file`)
    // a plugin may load code of the project later on
    else if (CODE.test(path) && (!this.#isServing || by.loads)) this.codeFile(path)
    else this.inputs.file(path)
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
    if (path === undefined || this.#isNotTheirs(by) || CACHE.test(path) || this.#package(path)) return
    // Vite only wants to know what is there
    if (kind === 'link' || isByVite(by, this.#vite)) this.inputs.link(path)
    else this.inputs.stat(path)
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

/** `false` for a pipe or a device: a proof would wait for it, or read for ever. */
function mayBeReadAgain(path: string): boolean {
  try {
    const stats = fs.statSync(path)
    return stats.isFile() || stats.isDirectory()
  } catch {
    return true
  }
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
