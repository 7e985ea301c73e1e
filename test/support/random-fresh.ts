/** The values that a fresh process makes of files: plain Node evaluates a copy of them, in a process that V8 may take down with it. */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { transformWithOxc } from 'vite'
import type { Shown } from './random-world.ts'

/** A process that evaluates one copy after the other. */
const CHILD = `
  import { join } from 'node:path'
  import { pathToFileURL } from 'node:url'
  import { World } from './world.mjs'
  process.on('message', async ({ folder, entry }) => {
    const world = new World()
    globalThis.fresh = { world }
    const isThere = await import(pathToFileURL(join(folder, entry))).then(() => true, () => false)
    const shown = isThere ? await world.show() : undefined
    if (!(await world.settled(5_000))) process.send({ hangs: true })
    const isWhole = world.lives.every(({ loads }) => [...loads.values()].every(({ state }) => state === 'done'))
    process.send(isWhole ? { shown } : {})
  })
`

/** The outcome of files: the values that each module shows, by name, or why there is nothing to show. */
export type Fresh =
  | Record<string, Shown>
  /** The entry, or something that is imported on the way, fails. */
  | 'fails'
  /** V8 ends the process: an assertion about cycles with a top-level await, which some versions of Node fail. */
  | 'crashes'

/** Evaluates copies of files in `folder`. */
export class FreshNode {
  readonly #folder: string
  #copies = 0
  #child: ChildProcess | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  async evaluate(files: Record<string, string>, entry: string): Promise<Fresh> {
    this.#child ??= await this.#start()
    const child = this.#child
    const folder = join(this.#folder, `copy${++this.#copies}`)
    mkdirSync(folder)
    for (const [file, content] of Object.entries(files)) {
      writeFileSync(join(folder, file), content.replaceAll('globalThis', 'globalThis.fresh'))
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const answer = await new Promise<{ shown?: Record<string, Shown>; hangs?: true } | undefined>((resolve) => {
      child.once('message', resolve).once('exit', () => resolve(undefined))
      child.send({ folder, entry })
    })
    child.removeAllListeners()
    if (!answer) {
      this.#child = undefined
      return 'crashes'
    }
    if (answer.hangs) throw new Error('An import() never settles in plain Node: the graph is at fault.')
    return answer.shown ?? 'fails'
  }

  close(): void {
    this.#child?.kill('SIGKILL')
  }

  async #start(): Promise<ChildProcess> {
    const source = new URL('random-world.ts', import.meta.url)
    const { code } = await transformWithOxc(readFileSync(source, 'utf8'), source.pathname)
    writeFileSync(join(this.#folder, 'world.mjs'), code)
    writeFileSync(join(this.#folder, 'fresh.mjs'), CHILD)
    return fork(join(this.#folder, 'fresh.mjs'), { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  }
}
