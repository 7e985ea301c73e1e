/** The output of the build for browsers, as far as the server needs it. */
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { BuildEnvironment, Rolldown, ViteBuilder } from 'vite'
import { slash, withoutQuery } from '../../shared/util/file-path.ts'

/** The hash that Vite, as Rolldown, puts into the names of files. */
const HASHED = /[-.][\w-]{8}(?:\.\w+)+$/

/** Collects it. */
export class ClientOutput {
  /** The built pages, by their path from Vite's root and from the folder of the build. */
  readonly pages = new Map<string, string>()
  readonly hashed: string[] = []

  /** It is built once more. */
  clear(): void {
    this.pages.clear()
    this.hashed.length = 0
  }

  /** A bundle was written. */
  add(bundle: Rolldown.OutputBundle, assetsDir: string): void {
    const folder = assetsDir === '' ? '' : `${assetsDir}/`
    for (const [name, output] of Object.entries(bundle)) {
      if (output.type === 'asset' && name.endsWith('.html')) this.pages.set(name, textOf(output.source))
      else if (name.startsWith(folder) && HASHED.test(name)) this.hashed.push(`/${name}`)
    }
  }

  /** The built page of an import `page.html?raw` in code of the server, where that is a template. */
  pageOf(id: string, root: string): string | undefined {
    const [, file] = /^(.+\.html)\?raw$/.exec(id) ?? []
    return file === undefined ? undefined : this.pages.get(slash(relative(root, file)))
  }
}

/** Resolves when a build is written. With `--watch` Vite's promise resolves before that, and the server would be built without the pages. */
export function written(built: Awaited<ReturnType<ViteBuilder['build']>>): Promise<void> {
  if (!('on' in built)) return Promise.resolve()
  return new Promise((resolve) => {
    built.on('event', ({ code }) => {
      if (code === 'BUNDLE_END') resolve()
    })
  })
}

/** `true` if there is anything for browsers that is built: without an `index.html` and an input Vite would fail. */
export function hasPages({ config }: BuildEnvironment): boolean {
  const { rolldownOptions, lib } = config.build
  return (rolldownOptions.input ?? (lib || ('input' in config && config.input !== undefined)))
    ? true
    : existsSync(resolve(config.root, 'index.html'))
}

/** Of an app without pages: files that are served as they are. */
export function copyPublic({ config }: BuildEnvironment): void {
  const { root, publicDir, build } = config
  const folder = resolve(root, build.outDir)
  const isInside = slash(folder).startsWith(`${slash(root)}/`)
  if (build.emptyOutDir ?? isInside) rmSync(folder, { recursive: true, force: true })
  if (publicDir && build.copyPublicDir && existsSync(publicDir))
    cpSync(publicDir, folder, { recursive: true, dereference: true })
}

/**
 * Puts the files whose URL code of the server has, and maybe no page, where they are served: images, or whatever is imported with `?url`. All
 * else that this build has emitted stays where it is.
 */
export function moveAssets(
  build: Rolldown.PluginContext,
  bundle: Rolldown.OutputBundle,
  root: string,
  client: string,
): void {
  const files = new Set<string>()
  for (const id of build.getModuleIds()) {
    // Vite's note of a module that is nothing but the URL of a file
    const isUrl = build.getModuleInfo(id)?.meta['vite:asset'] === true
    if (isUrl) files.add(slash(relative(root, withoutQuery(id))))
  }
  for (const [name, output] of Object.entries(bundle)) {
    if (output.type !== 'asset' || !output.originalFileNames.some((each) => files.has(slash(each)))) continue
    const path = join(client, name)
    mkdirSync(dirname(path), { recursive: true })
    if (!existsSync(path)) writeFileSync(path, output.source)
    delete bundle[name]
  }
}

function textOf(source: string | Uint8Array): string {
  return typeof source === 'string' ? source : Buffer.from(source).toString('utf8')
}
