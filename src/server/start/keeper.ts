/**
 * Writes down what a start has made, for the next one: the code of the app's modules, with a proof of all that has shaped it. The command's
 * server alone does it, whose environment is nobody else's.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, posix } from 'node:path'
import { createDebug } from 'obug'
import type { Alias, DevEnvironment, Plugin } from 'vite'
import { type KeptRecord, type KeptStart, keptFiles, writeIndex } from '../../shared/kept-start.ts'
import type { ModuleId, ModuleRecord } from '../../shared/types.ts'
import { isFilePath, slash, withoutQuery } from '../../shared/util/file-path.ts'
import { digestOf } from '../../shared/util/file-proof.ts'
import { loadTsconfigResolver, type ResolveTsconfig } from '../vite/tsconfig-resolver.ts'
import { type Agreed, Agreement, type Made } from './agreement.ts'
import { Inputs } from './inputs.ts'
import { type ImportSettings, lookInto } from './looked-into.ts'
import type { Reads } from './reads.ts'
import { aliased, PLAIN, settingThatIsNotNoted } from './resolve-settings.ts'
import { graphOf } from './start-graph.ts'
import { replace, seenPath, tidy } from './store-files.ts'
import { watchPlugins } from './touched.ts'
import { noteTsconfigs } from './tsconfig-chain.ts'
import { jsxRuntimes, writtenImports } from './written-imports.ts'

const debug = createDebug('vite-tether:start')

/** Plugins of Vite, and of this package. */
const VITES = /^(?:vite:|builtin:|native:|alias$|commonjs$|vite-tether$)/

/** Files that Vite makes code of by reading others. */
const STYLES = /\.(?:css|less|sass|scss|styl|stylus|pcss|postcss|sss|html)$/

/** Functions that compiled code imports: part of Vite's compiler, and as old as that. */
const HELPERS = '\0@oxc-project+runtime'

/** Literals in transformed code that are specifiers. */
const IMPORTED = /__vite_ssr_(?:dynamic_)?import__\(\s*(?:\/\*[^*]*\*\/\s*)*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')/g

/** Settings that the next start needs beside the code. */
export type StartSettings = Pick<KeptStart, 'config' | 'handover'>

/** The record that Vite has of a module now: the source that was noted last is that of this code, and of no code if there is none. */
export type RecordOf = (id: ModuleId) => ModuleRecord | undefined

/** The keeper of one environment. */
export class StartKeeper {
  readonly #path: string
  readonly #root: string
  readonly #inputs: Inputs
  readonly #environment: DevEnvironment
  /** The files that are read while a config and plugins run that may do anything; absent with a config that is its text. */
  readonly #reads: Reads | undefined
  readonly #agreement: Agreement | undefined
  readonly #aliases: readonly Alias[]
  readonly #isAsset: (file: string) => boolean
  readonly #tsconfigs = new Set<string>()
  readonly #settings = new Map<string, ImportSettings>()
  /** Module -> what its source says after `import` and `from`. */
  readonly #imports = new Map<ModuleId, ReadonlySet<string>>()
  readonly #resolveTsconfig: Promise<ResolveTsconfig | undefined>
  /** Modules that plugins have had a hand in. */
  readonly #touched = new Set<ModuleId>()
  /** Modules whose code depends on which files there are. */
  readonly #globs = new Set<ModuleId>()
  /** Files of all modules that Vite has read, with their digests: a plugin may have asked for some of them. */
  readonly #read = new Map<string, string>()
  #tsconfigResolver: ResolveTsconfig | undefined
  #written = ''
  #seen = ''

  /** `path`: of the index; `vite`: of the package whose compiler reads tsconfig.json. */
  constructor(environment: DevEnvironment, path: string, vite: string, reads: Reads | undefined) {
    const config = environment.getTopLevelConfig()
    const { root, mode, envDir, configFile } = config
    this.#path = path
    this.#environment = environment
    this.#reads = reads
    this.#inputs = reads?.inputs ?? new Inputs()
    if (reads) this.#agreement = new Agreement(seenPath(path))
    this.#root = root
    this.#inputs.project({ root, mode, envDir: envDir || root, configFile })
    this.#aliases = config.resolve.alias
    this.#isAsset = config.assetsInclude
    const obstacle = settingThatIsNotNoted(environment)
    if (obstacle !== undefined) this.#inputs.doubted(obstacle)
    this.#inputs.file(posix.join(slash(vite), 'package.json'))
    const globs = environment.plugins.filter(({ name }) => name === 'vite:import-glob')
    if (globs.length === 0) this.#inputs.doubted('this version of Vite does not tell which modules list files')
    watchPlugins(globs, (id) => void this.#globs.add(slash(id)))
    this.#resolveTsconfig = loadTsconfigResolver(vite)
    this.#watchResolver(environment)
    if (!reads) return
    if (!reads.hasSeenModules) reads.inputs.doubted('this version of node does not show which modules it loads')
    for (const file of config.configFileDependencies) reads.codeFile(slash(file))
    reads.serve()
    void this.#resolveTsconfig.then((resolveTsconfig) => {
      this.#tsconfigResolver = resolveTsconfig
      for (const file of reads.code) this.#lookIntoCode(file)
    })
  }

  /** Vite is about to read a module. */
  reading(id: string): void {
    if (!this.#inputs.reading(id)) return
    noteTsconfigs(this.#inputs, posix.dirname(slash(id)), this.#tsconfigs)
  }

  /** A module is read for another environment: a plugin has asked for it. */
  readingElsewhere(id: string): void {
    if (this.#reads) this.#inputs.file(slash(withoutQuery(id)))
  }

  /** Vite has read a module's file. It asks nobody what a package is that Node is going to load, so these are looked for here. */
  async source(id: string, content: string): Promise<void> {
    const file = slash(id)
    // a plugin may have changed it before
    const digest = digestOf(this.#reads ? textOf(withoutQuery(file)) : content)
    if (this.#reads && isFilePath(id)) this.#read.set(withoutQuery(file), digest)
    if (!this.#mayKeep(file)) return
    const resolveTsconfig = await this.#resolveTsconfig
    const noted = new Set<string>()
    const written = writtenImports(content)
    if (/x$/.test(file)) written.push(...jsxRuntimes(content, resolveTsconfig?.(file)))
    for (const specifier of written) {
      noted.add(specifier)
      if (!/^[./]/.test(specifier)) this.#lookInto(specifier, file, resolveTsconfig)
    }
    this.#imports.set(file, noted)
    this.#inputs.source(file, digest)
  }

  /** There are plugins that may do anything. */
  foreign(plugins: ReadonlySet<Plugin>): void {
    const [first] = plugins
    if (!first) return
    if (!this.#reads) this.#inputs.doubted(`there is the plugin ${first.name}`)
    const found = this.#environment.plugins.filter((plugin) => plugins.has(plugin) || !VITES.test(plugin.name))
    watchPlugins(found, (id) => void this.#touched.add(slash(id)))
  }

  /** Writes what the app with this entry runs, unless something of it cannot be proven. */
  write(entry: ModuleId, recordOf: RecordOf, settings: StartSettings): void {
    try {
      const reason = this.#write(entry, recordOf, settings)
      if (reason !== undefined) debug('nothing is kept: %s', reason)
    } catch (error) {
      // a disk that is full or read-only
      debug('nothing is kept: %o', error)
    }
  }

  #write(entry: ModuleId, recordOf: RecordOf, settings: StartSettings): string | undefined {
    if (this.#inputs.doubt !== undefined) {
      // what was agreed on before there was a doubt
      if (this.#reads) rmSync(this.#path, { force: true })
      return this.#inputs.doubt
    }
    const obstacle = (record: ModuleRecord) => this.#obstacle(record)
    const made = graphOf(entry, recordOf, obstacle)
    if (typeof made === 'string') return made
    const agreed = this.#agree(made)
    if (typeof agreed === 'string') return agreed
    const records = graphOf(entry, (id) => (agreed.ids.has(id) ? recordOf(id) : undefined), obstacle)
    if (typeof records === 'string') return `${records} that another process has made as well`
    const files = records.flatMap(({ file }) => file ?? [])
    const proof = this.#inputs.withSources(agreed.proof, files)
    const code = records.map((record) => record.code).join('')
    const map = records.map((record) => record.map ?? '').join('')
    const texts = { code: digestOf(code), map: digestOf(map) }
    const kept: KeptStart = { proof, records: records.map(toKept), texts, ...settings }
    const index = writeIndex(kept)
    if (index === this.#written) return undefined
    const paths = keptFiles(this.#path, texts)
    mkdirSync(dirname(this.#path), { recursive: true })
    replace(paths.code, code)
    replace(paths.map, map)
    replace(this.#path, index)
    this.#written = index
    debug('%d modules are kept', records.length)
    tidy(this.#path, Object.values(paths))
    return undefined
  }

  /** The part of it that may be used: all of it with a config that is its text. */
  #agree(made: readonly ModuleRecord[]): Agreed | string {
    // files that plugins read by native code
    for (const file of this.#reads ? this.#environment.pluginContainer.watchFiles : []) this.#inputs.file(slash(file))
    const own = new Set(made.map(({ file }) => file))
    const others = [...this.#read].filter(([file]) => !own.has(file))
    const proof = this.#inputs.proof(others)
    if ('reason' in proof) return proof.reason
    if (!this.#agreement) return { proof, ids: new Set(made.map(({ id }) => id)) }
    const { text, agreed } = this.#agreement.compare(proof, this.#describe(made))
    if (text !== this.#seen) {
      mkdirSync(dirname(this.#path), { recursive: true })
      replace(seenPath(this.#path), text)
      this.#seen = text
      tidy(this.#path)
    }
    // whatever was agreed on before
    if (typeof agreed === 'string') rmSync(this.#path, { force: true })
    return agreed
  }

  #describe(records: readonly ModuleRecord[]): Made {
    const describe = ({ id, hash }: ModuleRecord): [string, Made[string]] => [
      id,
      [this.#inputs.sourceOf(id) ?? '', hash, this.#touched.has(id)],
    ]
    return Object.fromEntries(records.map(describe))
  }

  #obstacle({ id, file, format, code, deps, dynamicDeps }: ModuleRecord): string | undefined {
    if (id.startsWith(HELPERS)) return undefined
    const isVirtual = this.#reads !== undefined && file === null && !/^[/.]|[?#]/.test(id)
    if (!isVirtual && (file !== id || !this.#mayKeep(id))) return 'it is more than a file'
    if (format !== undefined) return 'Node runs it'
    if (this.#globs.has(id)) return 'it lists files'
    if (!isVirtual && this.#inputs.sourceOf(id) === undefined) return 'its source is not known'
    const noted = this.#imports.get(id)
    for (const [, literal] of code.matchAll(IMPORTED)) {
      const specifier = literal!.slice(1, -1)
      if (Object.hasOwn(deps, specifier) || Object.hasOwn(dynamicDeps, specifier) || noted?.has(specifier)) continue
      if (!this.#reads) return `it imports ${specifier}, which its source does not name`
      // a plugin has written it
      this.#lookInto(specifier, file ?? posix.join(this.#root, 'index.html'), this.#tsconfigResolver)
    }
    return undefined
  }

  /** `true` for a file whose code is made of its text, and by nobody but those that are watched. */
  #mayKeep(file: string): boolean {
    if (file.includes('/node_modules/')) return false
    if (PLAIN.test(file)) return true
    return this.#reads !== undefined && !/[?#\0]/.test(file) && !STYLES.test(file) && !this.#isAsset(file)
  }

  /** Has all that Vite resolves noted first. */
  #watchResolver({ pluginContainer }: DevEnvironment): void {
    const { resolveId } = pluginContainer
    pluginContainer.resolveId = async (...args) => {
      const [specifier, importer] = args
      const from = importer === undefined ? posix.join(this.#root, 'index.html') : slash(withoutQuery(importer))
      if (!from.includes('\0') && !from.includes('/node_modules/')) {
        const resolveTsconfig = await this.#resolveTsconfig
        this.#lookInto(slash(specifier), from, resolveTsconfig)
      }
      return resolveId.apply(pluginContainer, args)
    }
  }

  /** Code of the config and of plugins. */
  #lookIntoCode(file: string): void {
    for (const specifier of writtenImports(textOf(file))) this.#lookInto(specifier, file, this.#tsconfigResolver)
  }

  #lookInto(specifier: string, importer: string, resolveTsconfig: ResolveTsconfig | undefined): void {
    for (const each of [specifier, ...aliased(specifier, this.#aliases)]) {
      for (const from of this.#importers(importer))
        lookInto(this.#inputs, slash(each), from, this.#root, (file) => this.#settingsOf(file, resolveTsconfig))
    }
  }

  /** With `resolve.dedupe` Vite looks for some packages as if the root had imported them. */
  #importers(importer: string): string[] {
    const isDeduped = this.#environment.config.resolve.dedupe.length > 0
    return isDeduped ? [importer, posix.join(this.#root, 'index.html')] : [importer]
  }

  #settingsOf(file: string, resolveTsconfig: ResolveTsconfig | undefined): ImportSettings {
    const folder = posix.dirname(file)
    let settings = this.#settings.get(folder)
    if (!settings) {
      noteTsconfigs(this.#inputs, folder, this.#tsconfigs)
      if (!resolveTsconfig) this.#inputs.doubted('this version of Vite does not tell how it reads tsconfig.json')
      const { paths = {}, baseUrl } = resolveTsconfig?.(file)?.tsconfig.compilerOptions ?? {}
      settings = { paths, baseUrl }
      this.#settings.set(folder, settings)
    }
    return settings
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function toKept({ id, url, file, hash, format, interop, deps, dynamicDeps, code, map }: ModuleRecord): KeptRecord {
  return {
    ...{ id, url, file, hash, deps, dynamicDeps, code: code.length, map: map?.length ?? -1 },
    ...(format && { format }),
    ...(interop && { interop }),
  }
}
