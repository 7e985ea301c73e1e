/** The hooks of the plugin in `vite build` and `vite preview`, with the option `build`. */
import { writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { ConfigEnv, Plugin, ResolvedConfig, UserConfig } from 'vite'
import type { BuiltApp } from '../../shared/built-app.ts'
import { KEEP } from '../../shared/constants.ts'
import { TetherError } from '../../shared/errors.ts'
import { distPath } from '../../shared/util/dist-files.ts'
import { slash } from '../../shared/util/file-path.ts'
import { resolveEntry } from '../apps/entries.ts'
import type { TetherOptions } from '../options.ts'
import { mendSource } from '../transform/mended-source.ts'
import { chooseVite, importVite, type Vite } from '../vite/project-vite.ts'
import { readPathsAs, resolveByPaths } from '../vite/tsconfig-paths.ts'
import { foldersOf, outDirs } from './build-folders.ts'
import { checkBuild } from './check-build.ts'
import { ClientOutput, copyPublic, hasPages, moveAssets, written } from './client-output.ts'
import { bringFiles } from './files-beside.ts'
import { previewBuilt } from './preview-built.ts'

/** The first module of the server. */
const ENTRY = 'virtual:vite-tether/server'
const LOADED = `\0${ENTRY}`

/** Makes them. Throws `ERR_CONFIG`. */
export function buildHooks(options: TetherOptions): Partial<Plugin> {
  const name = options.environment ?? 'ssr'
  const output = new ClientOutput()
  checkBuild(options)
  // all from the hook `configResolved` on
  let config: ResolvedConfig
  let entry: string
  let vite: Vite

  return {
    async config(given: UserConfig, { isPreview }: ConfigEnv) {
      const copy = chooseVite(resolve(given.root ?? '.'), this.meta.viteVersion)
      vite = await importVite(copy)
      readPathsAs(copy.path)
      const { client, server } = outDirs(given, name)
      const { sourcemap = given.build?.sourcemap ?? true } = given.environments?.[name]?.build ?? {}
      const resolution: object = given.resolve?.tsconfigPaths === undefined ? { tsconfigPaths: true } : {}
      return {
        ...(!isPreview && { builder: {} }),
        // else Vite drops what code of the server has URLs of
        build: { ssrEmitAssets: true },
        environments: {
          client: { build: { outDir: client } },
          [name]: {
            ...(isRelative(given.base) && { define: { 'import.meta.env.BASE_URL': '"/"' } }),
            ...{ resolve: resolution, build: { outDir: server, copyPublicDir: false, sourcemap } },
          },
        },
      }
    },

    configEnvironment: {
      order: 'post',
      handler(each, environment) {
        if (each !== name) return
        // pages are an input of the client alone, and the names of its files are no concern of the server's
        const { rollupOptions: _, ...build } = environment.build ?? {}
        const { external, plugins } = build.rolldownOptions ?? {}
        const own = { ...(external && { external }), ...(plugins && { plugins }) }
        environment.build = {
          ...build,
          emitAssets: true,
          rolldownOptions: { ...own, input: { index: ENTRY }, output: { entryFileNames: 'index.js' } },
        }
      },
    },

    configResolved(resolved) {
      config = resolved
      foldersOf(config, name)
      // code of the server lies beside no page: as in dev, and in Vite's own builds of servers
      if (isRelative(config.base)) Object.assign(config.environments[name]!, { base: '/', decodedBase: '/' })
      const others = config.plugins.filter(({ name: each, api }) => each === 'vite-tether' && api?.options?.build)
      if (others.length > 1) {
        throw new TetherError(
          'ERR_CONFIG',
          "Expected one tether() of the config to have the option 'build', got two. Leave it out of that whose app is not the server of the pages.",
        )
      }
      entry = resolveEntry([options.entry ?? []].flat()[0]!, config.root)
    },

    async buildApp(builder) {
      const { client, [name]: server } = builder.environments
      if (!hasPages(client!)) copyPublic(client!)
      else if (!client!.isBuilt) await written(await builder.build(client!))
      if (!server!.isBuilt) await builder.build(server!)
    },

    resolveId: {
      order: 'pre',
      filter: { id: [/^#/, /^(?:virtual:vite-tether\/server|vite-tether\/keep)$/] },
      async handler(id, importer) {
        if (this.environment.name !== name) return undefined
        if (id === ENTRY) return LOADED
        // it is part of the server: where that runs vite-tether need not be installed
        if (id === KEEP) return distPath('keep.js')
        return resolveByPaths(this, id, importer)
      },
    },

    load: {
      order: 'pre',
      handler(id) {
        if (this.environment.name !== name) return undefined
        if (id === LOADED) {
          // with `--watch` their names in the client change
          for (const page of output.pages.keys()) this.addWatchFile(join(foldersOf(config, name).client, page))
          return firstModule(describe())
        }
        const page = output.pageOf(id, config.root)
        return page === undefined ? undefined : `export default ${JSON.stringify(page)}`
      },
    },

    transform: {
      order: 'pre',
      async handler(code, id) {
        if (this.environment.name !== name || id.startsWith('\0')) return undefined
        const mended = await mendSource(code, id, config.root, vite)
        const { assetsDir } = this.environment.config.build
        const changed = bringFiles(this, mended?.code ?? code, id, { root: config.root, assetsDir })
        return changed === undefined ? mended : { map: null, ...mended, code: changed }
      },
    },

    buildStart() {
      // again with each save, with `--watch`
      if (this.environment.name === 'client') output.clear()
    },

    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        if (this.environment.name === name) moveAssets(this, bundle, config.root, foldersOf(config, name).client)
      },
    },

    writeBundle({ dir }, bundle) {
      if (this.environment.name === 'client') output.add(bundle, this.environment.config.build.assetsDir)
      // the project may be of CommonJS
      if (this.environment.name === name) writeFileSync(join(dir!, 'package.json'), '{ "type": "module" }\n')
    },

    configurePreviewServer(server) {
      return previewBuilt(server, slash(relative(config.root, entry)), join(foldersOf(config, name).server, 'index.js'))
    },
  }

  function describe(): BuiltApp {
    const { routes = [], order = 'auto' } = typeof options.serve === 'object' ? options.serve : {}
    const { client, server } = foldersOf(config, name)
    return {
      entry: slash(relative(config.root, entry)),
      client: `${slash(relative(server, client)).split('/').map(encodeURIComponent).join('/')}/`,
      base: baseOf(config.base),
      appType: config.appType,
      routes: [routes].flat(),
      order,
      pages: Array.from(output.pages.keys(), (page) => `/${page}`),
      hashed: output.hashed,
    }
  }

  function firstModule(built: BuiltApp): string {
    const runtime = JSON.stringify(distPath('built-server.js'))
    return (
      `import { runBuilt } from ${runtime}\n` +
      `runBuilt(import.meta.url, ${JSON.stringify(built, undefined, 2)}, () => import(${JSON.stringify(entry)}))\n`
    )
  }
}

/** `true` if files are found from wherever a page is. */
function isRelative(base: string | undefined): boolean {
  return base === '' || base === './'
}

/** The path of the pages. Files may lie elsewhere. */
function baseOf(base: string): string {
  if (isRelative(base)) return '/'
  return URL.canParse(base) ? new URL(base).pathname : base
}
