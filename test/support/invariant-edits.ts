/** Edits of the invariant's test. An edit is plain data, so a failing script can be printed and shortened. */
import { posix } from 'node:path'
import { type Import, type Kind, type Module, moduleOf, specifier, textOf, type World } from './invariant-model.ts'

/**
 * Kinds of modules and edits; one that is false is left out. For one run `TETHER_WITHOUT=crashes,config` leaves out some, and
 * `TETHER_ONLY=syntax,tla` all others.
 */
export const FEATURES = {
  accepts: true, // modules that accept themselves, beside the entry
  acceptDeps: true,
  acceptExports: true,
  cycles: true,
  invalidate: true, // a cycle whose callback calls invalidate()
  tla: true,
  caught: true,
  lazy: true,
  passes: true, // export ... from, export *
  json: true,
  linked: true, // a package outside of the root
  keep: true,
  filters: true, // a plugin whose hotUpdate returns []
  invalidates: true, // a plugin that only invalidates modules
  hmrOff: true, // server.hmr: false
  syntax: true,
  throws: true,
  exports: true, // exports that come and go
  imports: true, // imports that come and go, also of files that do not exist yet
  renames: true,
  deletes: true,
  bursts: true, // several edits at once
  rush: true, // the next edit without a quiet moment
  config: true, // vite.config.js is saved
  configBursts: true, // and at the same time something else
  crashes: true,
  restarts: true,
}
/** A name of {@link FEATURES}. */
export type Feature = keyof typeof FEATURES

const listed = (variable: string) => process.env[variable]?.split(',') as Feature[] | undefined
for (const name of Object.keys(FEATURES) as Feature[])
  if (listed('TETHER_ONLY')?.includes(name) === false) FEATURES[name] = false
for (const name of listed('TETHER_WITHOUT') ?? []) FEATURES[name] = false

export type Edit =
  | { op: 'value' | 'heal' | 'delete' | 'return'; id: number }
  | { op: 'fault'; id: number; fault: 'syntax' | 'throw' }
  | { op: 'import'; id: number; to: number; kind: Kind; name?: string; explicit: boolean }
  | { op: 'unimport'; id: number; to: number }
  | { op: 'export' | 'unexport'; id: number; name: number }
  | { op: 'move'; id: number; path: string }
  | { op: 'config' }
  | { op: 'crash'; how: 'exit' | 'throw' | 'reject' }
  | { op: 'restart' }

/** Edits that are made at once, and how. */
export interface Step {
  edits: Edit[]
  /** Written beside and renamed. */
  atomic: boolean
  /** The next step follows without a quiet moment. */
  rush: boolean
  /** First the next process is ready. */
  standby: boolean
}

/** The parts of an app, and the way in which it is run. */
export interface App {
  world: World
  filters: number[]
  invalidates: number[]
  hmr: boolean
}

/** Where an app runs: some of the features exist only there. */
export interface Place {
  supervised: boolean
  attached: boolean
  standby: boolean
}

/** An import that is to be written. */
export type NewImport = Pick<Import, 'to' | 'kind' | 'name' | 'explicit'>

/** Adds it, unless the module imports that one already. */
export function addImport({ modules }: World, from: Module, each: NewImport | undefined): void {
  if (!each || from.imports.some(({ to }) => to === each.to)) return
  from.imports.push({ ...each, spec: specifier(from, modules[each.to]!, each.explicit) })
}

/** Spells a module's imports as of now: it is being written. */
export function spell(world: World, module: Module): void {
  for (const each of module.imports) each.spec = specifier(module, moduleOf(world, each.to), each.explicit)
}

/** A change of the files of the app, relative to its root. */
export type FileChange = { write: string; text: string } | { remove: string } | { from: string; to: string }

/** Makes an edit in the world. Returns what it is on disk; `undefined` if there is nothing to do (a script may have been shortened). */
export function applyEdit(world: World, edit: Edit): FileChange[] | undefined {
  if (!('id' in edit)) return []
  const module = moduleOf(world, edit.id)
  const write = (): FileChange[] => {
    module.n++
    spell(world, module)
    return [{ write: module.path, text: textOf(module) }]
  }
  if (module.absent && edit.op !== 'return') return undefined
  switch (edit.op) {
    case 'value':
      return write()
    case 'heal':
      module.fault = undefined
      return write()
    case 'fault':
      module.fault = edit.fault
      return write()
    case 'delete':
      module.absent = true
      return [{ remove: module.path }]
    case 'return':
      if (!module.absent) return undefined
      module.absent = false
      module.fault = undefined
      return write()
    case 'import': {
      if (module.imports.some(({ to }) => to === edit.to)) return undefined
      const { op: _op, id: _id, ...each } = edit
      addImport(world, module, each)
      return write()
    }
    case 'unimport': {
      const at = module.imports.findIndex(({ to }) => to === edit.to)
      if (at < 0) return undefined
      module.imports.splice(at, 1)
      return write()
    }
    case 'export':
      if (module.names.includes(edit.name)) return undefined
      module.names.push(edit.name)
      return write()
    case 'unexport':
      if (!module.names.includes(edit.name)) return undefined
      module.names = module.names.filter((name) => name !== edit.name)
      return write()
    case 'move': {
      const from = module.path
      if (from === edit.path) return undefined
      module.path = edit.path
      // its own imports mean other files from another folder
      if (posix.dirname(from) === posix.dirname(edit.path)) return [{ from, to: edit.path }]
      return [{ remove: from }, ...write()]
    }
  }
}
