/** The package as npm would publish it: packed once for a test file, and read or unpacked from there. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll } from 'vitest'
import { tempFolder } from './child.ts'

const execute = promisify(execFile)
const repository = join(import.meta.dirname, '../..')

/** The words of npm about a tarball. Sizes are in bytes. */
interface Report {
  filename: string
  size: number
  unpackedSize: number
  files: { path: string; size: number }[]
}

/** A tarball. */
export interface Packed extends Omit<Report, 'filename'> {
  /** Path of the tarball. */
  readonly tarball: string
  /** Path of the folder that it unpacks to: what `node_modules/vite-tether` becomes. */
  readonly folder: string
  readonly manifest: Record<string, unknown>
}

/** Runs npm with `args` in `cwd`; rejects with what it printed. */
export async function npm(cwd: string, ...args: string[]): Promise<string> {
  // on Windows npm is a script of the shell
  const options = { cwd, shell: process.platform === 'win32', env: { ...process.env, NODE_ENV: '' } }
  return (await execute('npm', args, options)).stdout
}

/** Packs `dist` as it is, with its declarations. What it makes goes when the tests of the file have ended. */
export async function pack(): Promise<Packed> {
  if (!existsSync(join(repository, 'dist/index.d.ts'))) throw new Error('dist has no declarations: npm run build')
  const { path, remove } = tempFolder()
  afterAll(remove)
  const printed = await npm(repository, 'pack', '--ignore-scripts', '--json', '--pack-destination', path)
  const [{ filename, ...report }] = JSON.parse(printed) as [Report]
  const folder = join(path, 'unpacked')
  mkdirSync(folder)
  await execute('tar', ['-xzf', `../${filename}`, '--strip-components=1'], { cwd: folder })
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>
  return { ...report, tarball: join(path, filename), folder, manifest }
}

/** The files of `dist` that are loaded with `entry`, by the static imports between them; `entry` comes first. */
export function filesOf(folder: string, entry: string): string[] {
  const files = new Set([entry])
  for (const file of files) {
    for (const specifier of staticImports(readFileSync(join(folder, 'dist', file), 'utf8'))) {
      if (specifier.startsWith('./')) files.add(specifier.slice(2))
    }
  }
  return [...files]
}

/** The specifiers that built code imports: `import ... from 'x'`, `import 'x'`, `export ... from 'x'`; not `import('x')`. */
export function staticImports(code: string): string[] {
  return Array.from(
    code.matchAll(/^(?:import|export|\})\s?(?:[^'"]*?\sfrom\s)?"([^"\n]+)";$/gm),
    ([, specifier]) => specifier!,
  )
}

/** The packages that are part of a built file: esbuild writes where each part comes from, and our own list is in the head of `app.cjs`. */
export function bundledIn(code: string): string[] {
  const parts = code.matchAll(/^\/\/ (?:\.\.\/)*node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)
  const listed = /^'use strict'; \/\* contains (.*?) \*\//.exec(code)?.[1]?.split(', ') ?? []
  return [...Array.from(parts, ([, name]) => name!), ...listed]
}
