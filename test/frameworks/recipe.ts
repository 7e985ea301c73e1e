/** The recipes of docs/recipes.md, as they stand there: each is written to a folder and started by its own command. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { modules, type Served, serve } from './support.ts'

const page = readFileSync(resolve(import.meta.dirname, '../../docs/recipes.md'), 'utf8')

/** A section of the page: its files, by the names in their first lines, and its commands. */
export interface Recipe {
  readonly title: string
  readonly files: ReadonlyMap<string, string>
  readonly commands: readonly string[]
}

export const recipes: readonly Recipe[] = page
  .split(/^## /m)
  .slice(1)
  .map((section) => ({
    title: section.slice(0, section.indexOf('\n')),
    files: new Map(
      Array.from(section.matchAll(/^```[jt]s\n\/\/ (\S+)\n([\s\S]*?)^```/gm), ([, file, code]) => [file!, code!]),
    ),
    commands: Array.from(section.matchAll(/^```sh\n([\s\S]*?)^```/gm), ([, text]) => text!.trim().split('\n')).flat(),
  }))

/** Finds the recipe by its heading. */
export function recipe(title: string): Recipe {
  const found = recipes.find((recipe) => recipe.title === title)
  if (!found) throw new Error(`docs/recipes.md has no section '${title}'`)
  return found
}

const bin = join(modules, 'vite-tether/bin/vite-tether.js')
const { VITEST: _, ...withoutVitest } = process.env

/** The words of a command behind `npx vite-tether`; some are in quotes. */
function wordsOf(command: string): string[] {
  return Array.from(command.matchAll(/'([^']*)'|\S+/g), ([word, quoted]) => quoted ?? word).slice(2)
}

/** A recipe that runs. */
export interface Cooked extends Served {
  /** Saves a file of it with `from` replaced by `to`. */
  edit(file: string, from: string, to: string): void
}

/** Puts a port or an address that is free here in place of one that a reader would have elsewhere. */
type Replace = (code: string, port: number) => string

/**
 * Writes the recipe's files and runs its command that starts with `npx vite-tether`. The port 3000 is another one here; `others` are what the page
 * takes as given.
 */
export async function cook(
  title: string,
  replace: Replace = (code) => code,
  others: Readonly<Record<string, string>> = {},
): Promise<Cooked> {
  const { files, commands } = recipe(title)
  // the last one is the app, those with --once come before it; all others are other programs'
  const own = commands.filter((line) => line.startsWith('npx vite-tether ')).map(wordsOf)
  const app = own.at(-1)
  if (!app) throw new Error(`The recipe '${title}' has no command`)
  const write = (root: string, port: number): void => {
    for (const [file, code] of [...files, ...Object.entries(others)]) {
      mkdirSync(dirname(join(root, file)), { recursive: true })
      writeFileSync(join(root, file), replace(code.replaceAll('3000', String(port)), port))
    }
    mkdirSync(join(root, 'node_modules'))
    symlinkSync(join(modules, '.bin'), join(root, 'node_modules/.bin'))
    for (const words of own.slice(0, -1))
      execFileSync(process.execPath, [bin, ...words], { cwd: root, env: withoutVitest })
  }
  const served = await serve(
    'recipe',
    process.execPath,
    (port) => [bin, ...app.map((word) => (word === '3000' ? String(port) : word))],
    undefined,
    write,
  )
  return {
    ...served,
    edit(file, from, to) {
      const text = readFileSync(served.path(file), 'utf8')
      if (!text.includes(from)) throw new Error(`${file} has no '${from}':\n${text}`)
      writeFileSync(served.path(file), text.replaceAll(from, to))
    },
  }
}

/** Lines that no recipe may print: advice that is not followed, an error, a restart that the page does not speak of. */
export const UNTRUE = /\[vite-tether\].*(failed|cannot|not updated|ERR_)|uncaught|unhandled|Warning:|EADDRINUSE/i
