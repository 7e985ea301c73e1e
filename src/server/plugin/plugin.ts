/** The Vite plugin: decides if it is active, gives Vite our environment, and connects the server with its hub. */
import { resolve } from 'node:path'
import type { DevEnvironment, Plugin, PluginOption, ResolvedConfig, ViteDevServer } from 'vite'
import { KEEP, RUNNER_MARKER } from '../../shared/constants.ts'
import { TetherError } from '../../shared/errors.ts'
import { buildHooks } from '../build/build-hooks.ts'
import { forEachCommand } from '../build/for-each-command.ts'
import { type CliSettings, checkOptions, type TetherOptions } from '../options.ts'
import { dockOf } from '../page/dock.ts'
import { mountPage } from '../page/mount.ts'
import type { Page } from '../page/page-handler.ts'
import { StartKeeper } from '../start/keeper.ts'
import type { Reads } from '../start/reads.ts'
import { loadCommonJs, watchPackageTypes } from '../transform/commonjs-files.ts'
import { mendSource } from '../transform/mended-source.ts'
import { contentOf } from '../transform/settled-content.ts'
import { noteAddedFiles } from '../vite/added-files.ts'
import { catchBlindAdditions } from '../vite/blind-additions.ts'
import { type BlindSaves, catchBlindSaves } from '../vite/blind-saves.ts'
import { createTetherEnvironment, isAllowed } from '../vite/environment.ts'
import { watchLoaded, watchOutsideFiles } from '../vite/outside-files.ts'
import { chooseVite, importVite, type Vite } from '../vite/project-vite.ts'
import { resolutionsOf } from '../vite/resolutions.ts'
import { readPathsAs, resolveByPaths } from '../vite/tsconfig-paths.ts'
import { noteEvents } from '../vite/unhandled-events.ts'
import { watchFiles } from '../vite/watched-files.ts'
import { dispatchFetch, hubEvents, hubOf } from './registry.ts'

const NAME = 'vite-tether'

interface TetherApi {
  options: TetherOptions
  /** `true` for the plugin that the command adds. It takes the place of one in the user's config and inherits its options. */
  fromCli: boolean
}

/** The command's part in its plugin. */
export interface CommandsPart {
  /** What config and plugins have read, where they may read anything. */
  reads: Reads | undefined
  /** Told of each server before its apps are started: they may have ended by the time that Vite has made the whole of it. */
  begins(server: ViteDevServer): void
}

/**
 * Runs Node entries in processes of their own and hot-updates them.
 *
 * Inert in build and preview without the option `build`, under Vitest, inside an app process, and under NODE_ENV=production unless `force` is set.
 * Throws `ERR_CONFIG` for an option that does not exist or has a wrong value.
 *
 * @param options all are optional; without `entry` nothing runs until `hub.start()`, or until a runner attaches
 */
export function tether(options: TetherOptions = {}): Plugin {
  checkOptions(options)
  // one port in production is one port in dev
  const plugin = createPlugin(options.build ? { serve: true, ...options } : options)
  return options.build ? forEachCommand(plugin, buildHooks(options)) : plugin
}

/** Makes the plugin; `cli` has the settings of the command. */
export function createPlugin(given: TetherOptions, cli?: CliSettings, command?: CommandsPart): Plugin {
  checkOptions(given)
  let options = given
  let active = true
  let environment: DevEnvironment | undefined
  let blindSaves: BlindSaves | undefined
  let keeper: StartKeeper | undefined
  let page: Page | undefined
  /** Plugins that are not this one. */
  let foreign: ReadonlySet<Plugin> = new Set()
  // both from the hook `config` on
  let vite!: Vite
  let vitePath: string

  const createEnvironment = (name: string, config: ResolvedConfig) =>
    createTetherEnvironment(name, config, hubEvents, vite, options.runnable === false ? dispatchFetch : undefined)

  return {
    name: NAME,
    // a hook of Vite DevTools, whose types Vite does not have
    ...{ devtools: dockOf(() => active && !cli && options.ui !== false) },
    // not enumerable, because Vite's debug output shows its whole config, and the options may have a token
    api: Object.defineProperty({ fromCli: cli !== undefined } as TetherApi, 'options', { value: given }),

    apply(config, { command: of, isPreview }) {
      if (of !== 'serve' || isPreview) return false
      if (process.env[RUNNER_MARKER] !== undefined) return false
      if (process.env.NODE_ENV === 'production' && !given.force) return false
      // A framework's plugin makes a second server of the same config, which this plugin has changed already (React Router's compiler
      // does). The app belongs to the first server.
      const { createEnvironment: made } = config.environments?.[options.environment ?? 'ssr']?.dev ?? {}
      if (made === createEnvironment) return false
      return !flatten(config.plugins).some(({ name }) => name === 'vitest' || name.startsWith('vitest:'))
    },

    async config(config) {
      foreign = await foreignOf(config.plugins)
      const others = flatten(config.plugins).flatMap((plugin) =>
        plugin.name === NAME ? [plugin.api as TetherApi] : [],
      )
      if (cli) {
        const inherited = others.filter((other) => !other.fromCli).map((other) => other.options)
        options = Object.assign({}, ...inherited, defined(given))
      } else if (others.some((other) => other.fromCli)) {
        active = false
        return undefined
      }
      const { viteVersion } = this.meta
      const { bun } = process.versions as { bun?: string }
      if (bun !== undefined) {
        throw new TetherError(
          'ERR_CONFIG',
          `vite-tether needs node, got Bun ${bun}, which has no hooks for modules as node's: run Vite without \`bun --bun\`.`,
        )
      }
      if (viteVersion.split('.')[0] !== '8') {
        throw new TetherError(
          'ERR_CONFIG',
          `vite-tether needs Vite 8, got ${viteVersion}. Install it: npm install -D vite@^8.3.0`,
        )
      }
      const copy = chooseVite(resolve(config.root ?? '.'), viteVersion)
      vite = await importVite(copy)
      vitePath = copy.path
      readPathsAs(vitePath)
      const name = options.environment ?? 'ssr'
      if (config.environments?.[name]?.dev?.createEnvironment) {
        throw taken(name, others.length > 1 ? "is another tether()'s, whose entry may be a list" : 'is already set')
      }
      // Vite documents `tsconfigPaths` for the whole config only, but resolves by each environment's own
      const tsconfigPaths: object = config.resolve?.tsconfigPaths === undefined ? { tsconfigPaths: true } : {}
      // the runner provides this module itself, also if the package is linked or not installed
      const resolution = { ...tsconfigPaths, external: [KEEP] }
      const ignored = packageGlobs(options.watch).map((glob) => `!**/${glob}`)
      return {
        environments: { [name]: { dev: { createEnvironment }, resolve: resolution } },
        ...(ignored.length > 0 && config.server?.watch !== null && { server: { watch: { ignored } } }),
      }
    },

    configEnvironment: {
      order: 'post',
      handler(name, config) {
        const conditions = conditionsOf([...(options.execArgv ?? []), ...(process.env.NODE_OPTIONS ?? '').split(' ')])
        if (active && name === (options.environment ?? 'ssr') && conditions.length > 0) {
          const given = config.resolve?.conditions ?? vite.defaultServerConditions
          config.resolve = { ...config.resolve, conditions: [...given, ...conditions] }
        }
        // the command serves no browser; optimising would write into the cache folder of the frontend's own Vite
        if (cli && name === 'client') config.optimizeDeps = { noDiscovery: true }
      },
    },

    configResolved(config) {
      if (!active) return
      const name = options.environment ?? 'ssr'
      if (config.environments[name]?.dev.createEnvironment !== createEnvironment) {
        throw taken(name, 'was replaced by a plugin that comes after vite-tether')
      }
    },

    configureServer(server) {
      if (!active) return undefined
      const served = server.environments[options.environment ?? 'ssr']!
      environment = served
      const hub = hubOf(served)!
      if (cli?.keep !== undefined && options.cache !== false)
        keeper = new StartKeeper(served, cli.keep, vitePath, command?.reads)
      keeper?.foreign(foreign)
      const globs = (option: string | string[] | undefined) =>
        option === undefined ? () => false : vite.createFilter(option, null, { resolve: server.config.root })
      const filters = { watch: globs(options.watch), ignore: globs(options.ignore) }
      hub.configure(served, server, { ...options, ...cli }, filters.ignore, keeper)
      command?.begins(server)
      blindSaves = catchBlindSaves(server.watcher)
      catchBlindAdditions(server)
      // the command, which serves no browser, has an address of its own for it
      if (!cli && options.ui !== false) page = mountPage(server, hub, options.ui)
      noteEvents(server)
      watchOutsideFiles(server, served)
      watchPackageTypes(server.watcher)
      // Vite's watcher ignores node_modules
      server.watcher.add(packageGlobs(options.watch).map((glob) => resolve(server.config.root, folderOf(glob))))
      watchFiles(server, served, filters, {
        restart: (file, modules, any) => hub.fileChanged(file, modules, any),
        saved: (file, isModule) => hub.fileSaved(served, file, isModule),
        isAwaited: (file) => hub.isAwaited(served, file),
      })
      // the command serves no browser
      return cli ? undefined : hub.share(server, options)
    },

    resolveId: {
      order: 'pre',
      filter: { id: /^#/ },
      async handler(id, importer) {
        return this.environment === environment ? resolveByPaths(this, id, importer) : undefined
      },
    },

    load: {
      order: 'pre',
      async handler(id) {
        if (this.environment !== environment) {
          keeper?.readingElsewhere(id)
          return undefined
        }
        blindSaves?.reading(id)
        keeper?.reading(id)
        const code = await loadCommonJs(environment, id, { compile: vite.transformWithOxc, isAllowed })
        if (code !== undefined) watchLoaded(environment, id)
        return code
      },
    },

    transform: {
      order: 'pre',
      async handler(code, id) {
        if (this.environment !== environment) return undefined
        noteAddedFiles(this, id)
        const content = await contentOf(code, id)
        const given = content ?? code
        await keeper?.source(id, given)
        return (await mendSource(given, id, environment.config.root, vite)) ?? content
      },
    },

    async hotUpdate({ type, file, modules }) {
      if (this.environment !== environment) return undefined
      const changed = await resolutionsOf(environment).changed(file)
      if (type === 'update' && changed.length === 0) return undefined
      const waiting = type === 'create' ? await hubOf(environment)!.waitingFor(environment, file) : []
      return [...new Set([...modules, ...changed, ...waiting])]
    },

    async closeServer({ reason }) {
      page?.close()
      // not in a restart: the next environment uses the hub already, and closing it would stop the apps
      if (reason === 'close' && environment) await hubOf(environment)?.close()
    },
  }
}

function taken(name: string, what: string): TetherError {
  return new TetherError(
    'ERR_CONFIG',
    `Expected the setting environments.${name}.dev.createEnvironment to be vite-tether's, but it ${what}. ` +
      `Keep it and give vite-tether an environment of its own: tether({ environment: 'backend' }).`,
  )
}

/** The plugins of a config, which may be nested. Plugins that are promises are left out. */
function flatten(plugins: PluginOption[] | undefined): Plugin[] {
  const flat: unknown[] = ((plugins ?? []) as unknown[]).flat(Number.POSITIVE_INFINITY)
  return flat.filter((plugin): plugin is Plugin => typeof (plugin as Plugin | null)?.name === 'string')
}

/** Those that are none of ours, also behind promises. */
async function foreignOf(plugins: PluginOption[] | undefined): Promise<ReadonlySet<Plugin>> {
  const found = new Set<Plugin>()
  for (let left: unknown[] = [plugins]; left.length > 0; ) {
    const flat = (await Promise.all(left)).flat().filter(Boolean)
    left = flat.filter((each) => Array.isArray(each) || each instanceof Promise)
    for (const plugin of flat.filter((each) => !left.includes(each)) as Plugin[]) {
      if (plugin.name !== NAME || typeof (plugin.api as TetherApi | undefined)?.fromCli !== 'boolean') found.add(plugin)
    }
  }
  return found
}

/** The conditions of node's flags (`-C`). Vite must resolve linked packages by them, as node does. */
function conditionsOf(flags: readonly string[]): string[] {
  return flags.flatMap((flag, index) => {
    const [, value = flags[index + 1]] = /^(?:-C|--conditions)(?:=(.*))?$/s.exec(flag) ?? []
    return /^(?:-C|--conditions)(?:=|$)/.test(flag) && value !== undefined ? [value] : []
  })
}

/** The globs of the `watch` option for files of packages, from `node_modules/` on. */
function packageGlobs(watch: TetherOptions['watch']): string[] {
  return [watch ?? []].flat().flatMap((glob) => /(?:^|\/)(node_modules\/.*)/.exec(glob)?.[1] ?? [])
}

/** The folder below which a glob finds files. */
function folderOf(glob: string): string {
  return glob.replace(/\/[^/]*[*?[{(!].*$/s, '')
}

function defined(options: TetherOptions): TetherOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
