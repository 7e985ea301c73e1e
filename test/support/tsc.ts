/** The TypeScript of a newcomer: what `npx tsc --init` writes, and what docs/getting-started.md tells them to add to it. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse } from 'yaml'

const repository = resolve(import.meta.dirname, '../..')
const tsc = join(repository, 'node_modules/typescript/bin/tsc')

/** Has `tsc --init` write tsconfig.json into `root`, adds what the page says, and returns the errors of `tsc --noEmit`. */
export function compileAsNewcomer(root: string): string {
  runTsc(root, '--init')
  const file = join(root, 'tsconfig.json')
  // as YAML, since it has comments and a comma too many
  const written = parse(readFileSync(file, 'utf8').replace(/^\s*\/\/.*$/gm, ''))
  const page = readFileSync(join(repository, 'docs/getting-started.md'), 'utf8')
  const added = Array.from(page.matchAll(/^```json\n(\{ "compilerOptions"[\s\S]*?)^```/gm), ([, json]) =>
    JSON.parse(json!),
  )
  if (added.length !== 1) throw new Error('docs/getting-started.md has not one block of compilerOptions')
  writeFileSync(file, JSON.stringify({ compilerOptions: { ...written.compilerOptions, ...added[0].compilerOptions } }))
  return runTsc(root, '--noEmit', '--pretty', 'false')
}

/** Returns what it has printed if it fails. */
function runTsc(cwd: string, ...args: string[]): string {
  try {
    execFileSync(process.execPath, [tsc, ...args], { cwd, encoding: 'utf8' })
    return ''
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}
