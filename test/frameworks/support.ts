/** Shared by the tests of this folder: an app in a folder of its own below the frameworks' packages, and this package among them. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import { freePort, type Running, run, until } from '../support/child.ts'

const repository = resolve(import.meta.dirname, '../..')

/** Where the frameworks are installed. */
export const modules = join(import.meta.dirname, 'node_modules')

/** Puts this package there as npm would: its own files, its dependencies, and no Vite beside the frameworks' own. */
export function installTether(): void {
  const installed = join(modules, 'vite-tether')
  rmSync(installed, { recursive: true, force: true })
  for (const part of ['bin', 'dist', 'package.json', 'types.d.ts']) {
    cpSync(join(repository, part), join(installed, part), { recursive: true })
  }
  const { dependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) {
    const link = join(installed, 'node_modules', name)
    mkdirSync(join(link, '..'), { recursive: true })
    symlinkSync(join(repository, 'node_modules', name), link)
  }
}

/** A dev server that runs. */
export interface Served {
  readonly server: Running
  readonly url: string
  path(file: string): string
  /** Resolves when the page at `url` holds `text`. */
  shows(text: string, url?: string): Promise<void>
}

/** Copies the app `name`, or the folder `from`, has `prepare` change the copy and starts it; `command` is given the port. */
export async function serve(
  name: string,
  node: string,
  command: (port: number) => string[],
  from: string = join(import.meta.dirname, 'apps', name),
  prepare: (root: string, port: number) => void = () => {},
): Promise<Served> {
  mkdirSync(join(import.meta.dirname, '.tmp'), { recursive: true })
  const root = mkdtempSync(join(import.meta.dirname, '.tmp', `${name}-`))
  onTestFinished(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }))
  cpSync(from, root, { recursive: true, filter: (path) => basename(path) !== 'node_modules' })
  const port = await freePort()
  prepare(root, port)
  const { VITEST: _, NODE_ENV: __, ...env } = process.env
  const server = run(node, command(port), {
    cwd: root,
    // what some of them send home or draw is of no use here
    env: { ...env, NO_COLOR: '1', CI: '1', HOST: '127.0.0.1', PORT: String(port), ASTRO_TELEMETRY_DISABLED: '1' },
  })
  onTestFinished(() => server.end())
  return {
    server,
    url: `http://127.0.0.1:${port}`,
    path: (file) => join(root, file),
    async shows(text, url = '/') {
      let last: string | undefined
      try {
        await until(async () => {
          const response = await fetch(`http://127.0.0.1:${port}${url}`).catch(() => undefined)
          last = await response?.text().catch(() => undefined)
          return last?.includes(text)
        }, `a page with '${text}'`)
      } catch (error) {
        throw new Error(`${(error as Error).message}; it is ${last}\nThe output was:\n${server.text}`)
      }
    },
  }
}
