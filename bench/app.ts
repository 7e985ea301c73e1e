/** A generated app on disk: writes it, edits it, and knows what it has to answer. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createGraph, type Graph } from './graph.ts'
import { ENTRIES, fileOf, MODULO, moduleCode, STATE, settingsCode } from './source.ts'

/** A file that can be saved: a module of the graph, or one that nobody accepts. */
export type Edit = 'leaf' | 'mid' | 'shared' | 'unaccepted'

/** The part of an answer that depends on the sources. */
export interface Expected {
  value: number
  settings: number
}

/** An app that a tool runs. */
export interface App {
  readonly root: string
  /** The answer of an up-to-date process. */
  readonly expected: Expected
  /** Writes one file anew, so that `expected` changes. */
  save(edit: Edit): void
}

/** From TypeScript to what a tool is to run: other text, other names. */
export type Compile = (file: string, code: string) => { file: string; code: string }

/** Writes an app of `count` modules into the empty folder `root`. */
export function writeApp(root: string, count: number, seed: number, compile?: Compile): App {
  const graph = createGraph(count, seed)
  const own = graph.imports.map((_, module) => module)
  let settings = 1
  const write = (name: string, text: string): void => {
    const { file, code } = compile?.(name, text) ?? { file: name, code: text }
    writeFileSync(join(root, 'src', file), code)
  }
  const writeModule = (module: number): void => write(fileOf(graph, module), moduleCode(graph, module, own[module]!))
  const writeSettings = (): void => write('settings.ts', settingsCode(settings))

  for (const folder of new Set(graph.folders)) mkdirSync(join(root, 'src', folder), { recursive: true })
  for (const module of own.keys()) writeModule(module)
  for (const [name, code] of Object.entries(ENTRIES)) write(name, code)
  write('state.ts', STATE)
  writeSettings()
  writePackage(root)

  return {
    root,
    get expected() {
      return { value: rootValue(graph, own), settings }
    },
    save(edit) {
      if (edit === 'unaccepted') {
        settings++
        writeSettings()
      } else {
        own[graph[edit]] = (own[graph[edit]]! + 1) % MODULO
        writeModule(graph[edit])
      }
    },
  }
}

function writePackage(root: string): void {
  writeFileSync(join(root, 'package.json'), '{ "name": "bench-app", "private": true, "type": "module" }\n')
  const options = { target: 'ES2022', module: 'NodeNext', allowImportingTsExtensions: true, noEmit: true, strict: true }
  writeFileSync(join(root, 'tsconfig.json'), `${JSON.stringify({ compilerOptions: options, include: ['src'] })}\n`)
}

/** The value that the routes module must have. */
function rootValue({ imports }: Graph, own: readonly number[]): number {
  const values: number[] = []
  for (let module = imports.length - 1; module >= 0; module--) {
    values[module] = imports[module]!.reduce((sum, to) => sum + values[to]!, own[module]!) % MODULO
  }
  return values[0]!
}
