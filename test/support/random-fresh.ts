/** What a fresh process would make of files: plain Node evaluates a copy of them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import vm from 'node:vm'
import { type Namespace, type Shown, World } from './random-world.ts'

const load = vm.compileFunction('return import(url)', ['url'], {
  importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
}) as (url: string) => Promise<Namespace>

let copies = 0

/** What each module shows, by name; `undefined` if the entry, or something that is imported on the way, fails. */
export async function evaluateFresh(
  files: Record<string, string>,
  entry: string,
  folder: string,
): Promise<Record<string, Shown> | undefined> {
  const copy = join(folder, `copy${++copies}`)
  mkdirSync(copy)
  for (const [file, content] of Object.entries(files)) {
    writeFileSync(join(copy, file), content.replaceAll('globalThis', 'globalThis.fresh'))
  }
  writeFileSync(join(copy, 'package.json'), '{ "type": "module" }')
  const world = new World()
  Object.assign(globalThis, { fresh: { world } })
  const namespace = await load(pathToFileURL(join(copy, entry)).href).catch(() => undefined)
  if (!namespace) return undefined
  const shown = await world.show()
  if (!(await world.settled(5_000))) throw new Error('An import() never settles in plain Node: the graph is at fault.')
  const isWhole = world.lives.every(({ loads }) => [...loads.values()].every(({ state }) => state === 'done'))
  return isWhole ? shown : undefined
}
