/**
 * Writes down what a start has made, for the next one: the code of the app's modules, with a proof of all that has shaped it. The command's
 * server alone does it, whose environment is nobody else's.
 */
import { mkdirSync } from 'node:fs'
import { dirname, posix } from 'node:path'
import { createDebug } from 'obug'
import type { Alias, DevEnvironment } from 'vite'
import { type KeptRecord, type KeptStart, keptFiles, readIndex, writeIndex } from '../../shared/kept-start.ts'
import type { ModuleId, ModuleRecord } from '../../shared/types.ts'
import { slash } from '../../shared/util/file-path.ts'
import { digestOf, firstDifference } from '../../shared/util/file-proof.ts'
import { loadTsconfigResolver, type ResolveTsconfig } from '../vite/tsconfig-resolver.ts'
import { Inputs } from './inputs.ts'
import { type ImportSettings, lookInto } from './looked-into.ts'
import { replace, tidy } from './store-files.ts'
import { noteTsconfigs } from './tsconfig-chain.ts'

const debug = createDebug('vite-tether:start')

/** Modules whose code is made of their own text and of what is noted, by nothing but Vite and this package. */
const PLAIN = /\.(?:[cm]?[jt]s|[jt]sx|json)$/

/** Functions that compiled code imports: part of Vite's compiler, and as old as that. */
const HELPERS = '\0@oxc-project+runtime'

/** Literals that may be specifiers, in a source and in transformed code. More than there are is no fault. */
const WRITTEN = /\b(?:from|import|require)\s*\(?\s*['"]([^'"\n]+)['"]/g
const IMPORTED = /__vite_ssr_(?:dynamic_)?import__\(\s*(?:\/\*[^*]*\*\/\s*)*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')/g

/** Settings that the next start needs beside the code. */
export type StartSettings = Pick<KeptStart, 'config' | 'handover'>

/** The record that Vite has of a module now: the source that was noted last is that of this code, and of no code if there is none. */
export type RecordOf = (id: ModuleId) => ModuleRecord | undefined

/** The keeper of one environment. */
export class StartKeeper {
  readonly #path: string
  readonly #root: string
  readonly #inputs = new Inputs()
  readonly #aliases: readonly Alias[]
  readonly #tsconfigs = new Set<string>()
  readonly #settings = new Map<string, ImportSettings>()
  /** Module -> what its source says after `import` and `from`. */
  readonly #imports = new Map<ModuleId, ReadonlySet<string>>()
  readonly #resolveTsconfig: Promise<ResolveTsconfig | undefined>
  #written = ''

  /** `path`: of the index; `vite`: of the package whose compiler reads tsconfig.json. */
  constructor(environment: DevEnvironment, path: string, vite: string) {
    const config = environment.getTopLevelConfig()
    const { root, mode, envDir, configFile } = config
    this.#path = path
    this.#root = root
    this.#inputs.project({ root, mode, envDir: envDir || root, configFile })
    this.#aliases = config.resolve.alias
    const obstacle = settingThatIsNotNoted(environment)
    if (obstacle !== undefined) this.#inputs.doubted(obstacle)
    this.#inputs.file(posix.join(slash(vite), 'package.json'))
    this.#resolveTsconfig = loadTsconfigResolver(vite)
    this.#watchResolver(environment)
  }

  /** Vite is about to read a module. */
  reading(id: string): void {
    if (!this.#inputs.reading(id)) return
    noteTsconfigs(this.#inputs, posix.dirname(slash(id)), this.#tsconfigs)
  }

  /** Vite has read a module's file. It asks nobody what a package is that Node is going to load, so these are looked for here. */
  async source(id: string, content: string): Promise<void> {
    const file = slash(id)
    if (!PLAIN.test(file) || file.includes('/node_modules/')) return
    const resolveTsconfig = await this.#resolveTsconfig
    const noted = new Set<string>()
    const written = Array.from(content.matchAll(WRITTEN), ([, specifier]) => specifier!)
    if (/x$/.test(file)) written.push(...jsxRuntimes(content, resolveTsconfig?.(file)))
    for (const specifier of written) {
      noted.add(specifier)
      if (!/^[./]/.test(specifier)) this.#lookInto(specifier, file, resolveTsconfig)
    }
    this.#imports.set(file, noted)
    // its code depends on which files there are
    if (content.includes('import.meta.glob')) this.#inputs.forget(file)
    else this.#inputs.source(file, content)
  }

  /** There is a plugin that may do anything. */
  foreign(plugin: string): void {
    this.#inputs.doubted(`there is the plugin ${plugin}`)
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
    if (this.#inputs.doubt !== undefined) return this.#inputs.doubt
    const records = this.#graphOf(entry, recordOf)
    if (typeof records === 'string') return records
    const proof = this.#inputs.proofFor(records.flatMap(({ file }) => file ?? []))
    if ('reason' in proof) return proof.reason
    const code = records.map((record) => record.code).join('')
    const map = records.map((record) => record.map ?? '').join('')
    const texts = { code: digestOf(code), map: digestOf(map) }
    const kept: KeptStart = { proof, records: records.map(toKept), texts, ...settings }
    const index = writeIndex(kept)
    if (index === this.#written) return undefined
    const files = keptFiles(this.#path, texts)
    mkdirSync(dirname(this.#path), { recursive: true })
    replace(files.code, code)
    replace(files.map, map)
    replace(this.#path, index)
    this.#written = index
    debug('%d modules are kept', records.length)
    tidy(this.#path, [this.#path, ...Object.values(files)])
    return undefined
  }

  /** The entry's static graph, and those behind its `import()`s that have been loaded; a reason if a module cannot be kept. */
  #graphOf(entry: ModuleId, recordOf: RecordOf): ModuleRecord[] | string {
    const graph = new Map<ModuleId, ModuleRecord>()
    const visit = (id: ModuleId): string | undefined => {
      const ids = new Set([id])
      const found: ModuleRecord[] = []
      for (const each of ids) {
        if (graph.has(each)) continue
        const record = recordOf(each)
        const reason = record ? this.#obstacle(record) : 'it has no code'
        if (reason !== undefined) return `${each}: ${reason}`
        found.push(record!)
        for (const dep of Object.values(record!.deps)) ids.add(dep)
      }
      for (const record of found) graph.set(record.id, record)
      return undefined
    }
    const reason = visit(entry)
    if (reason !== undefined) return reason
    for (const { dynamicDeps } of graph.values()) {
      // one that is not kept is asked for when it is imported
      for (const dep of Object.values(dynamicDeps)) if (recordOf(dep)) visit(dep)
    }
    return [...graph.values()]
  }

  #obstacle({ id, file, format, code, deps, dynamicDeps }: ModuleRecord): string | undefined {
    if (id.startsWith(HELPERS)) return undefined
    if (file !== id || !PLAIN.test(id) || id.includes('/node_modules/')) return 'it is more than a file'
    if (format !== undefined) return 'Node runs it'
    if (this.#inputs.sourceOf(id) === undefined) return 'its source is not known'
    const noted = this.#imports.get(id)!
    for (const [, literal] of code.matchAll(IMPORTED)) {
      const specifier = literal!.slice(1, -1)
      if (!Object.hasOwn(deps, specifier) && !Object.hasOwn(dynamicDeps, specifier) && !noted.has(specifier))
        return `it imports ${specifier}, which its source does not name`
    }
    return undefined
  }

  /** Has all that Vite resolves noted first. */
  #watchResolver({ pluginContainer }: DevEnvironment): void {
    const { resolveId } = pluginContainer
    pluginContainer.resolveId = async (...args) => {
      const [specifier, importer] = args
      const from =
        importer === undefined ? posix.join(this.#root, 'index.html') : slash(importer.replace(/[?#].*$/s, ''))
      if (!from.includes('\0') && !from.includes('/node_modules/')) {
        const resolveTsconfig = await this.#resolveTsconfig
        this.#lookInto(slash(specifier), from, resolveTsconfig)
      }
      return resolveId.apply(pluginContainer, args)
    }
  }

  #lookInto(specifier: string, importer: string, resolveTsconfig: ResolveTsconfig | undefined): void {
    for (const each of [specifier, ...aliased(specifier, this.#aliases)]) {
      lookInto(this.#inputs, slash(each), importer, this.#root, (file) => this.#settingsOf(file, resolveTsconfig))
    }
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

/** All that the aliases of a config may make of a specifier. */
function aliased(specifier: string, aliases: readonly Alias[]): string[] {
  return aliases.flatMap(({ find, replacement }) => {
    if (typeof find !== 'string') return find.test(specifier) ? specifier.replace(find, replacement) : []
    return specifier === find || specifier.startsWith(`${find}/`) ? replacement + specifier.slice(find.length) : []
  })
}

/** A setting of the config that makes Vite look where this does not. */
function settingThatIsNotNoted(environment: DevEnvironment): string | undefined {
  const { envPrefix = 'VITE_' } = environment.getTopLevelConfig()
  const { resolve } = environment.config
  const others: Record<string, boolean> = {
    envPrefix: String(envPrefix) !== 'VITE_',
    'resolve.extensions': resolve.extensions.some((extension) => !PLAIN.test(`x${extension}`)),
    'resolve.preserveSymlinks': resolve.preserveSymlinks,
    'resolve.dedupe': resolve.dedupe.length > 0,
    'resolve.alias': environment.getTopLevelConfig().resolve.alias.some(({ customResolver }) => customResolver),
  }
  const name = Object.keys(others).find((each) => others[each])
  return name && `there is the setting ${name}`
}

function toKept({ id, url, file, hash, format, interop, deps, dynamicDeps, code, map }: ModuleRecord): KeptRecord {
  return {
    ...{ id, url, file, hash, deps, dynamicDeps, code: code.length, map: map?.length ?? -1 },
    ...(format && { format }),
    ...(interop && { interop }),
  }
}

/**
 * `true` if a process that has begun with what lies at `path` would begin differently now: something beside the modules, which are
 * compared by themselves, was saved while Vite was loaded.
 */
export function isOutdated(path: string, now: Pick<KeptStart, 'config'>): boolean {
  try {
    const { proof, records, config } = readIndex(path)
    const modules = new Set(records.map(({ file }) => file))
    const files = proof.files.filter(([file]) => !modules.has(file))
    return JSON.stringify(config) !== JSON.stringify(now.config) || firstDifference({ ...proof, files }) !== undefined
  } catch {
    // another start has written it anew
    return true
  }
}

/** Modules that the compiler imports for the JSX of a file. */
function jsxRuntimes(content: string, settings: ReturnType<ResolveTsconfig> | undefined): string[] {
  const [, pragma] = /@jsxImportSource\s+([^\s*]+)/.exec(content) ?? []
  const source = pragma ?? settings?.tsconfig.compilerOptions?.jsxImportSource ?? 'react'
  return [`${source}/jsx-runtime`, `${source}/jsx-dev-runtime`]
}
