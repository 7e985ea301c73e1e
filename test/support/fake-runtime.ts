/** A runner without code: modules are functions, and everything the engine asks for is written down. */
import type { ViteNodeRunner } from 'vite-node/client'
import type { DetachedInstance, GraphNode, HotRuntime, Saved } from '../../src/client/hmr/hot-runtime.ts'
import type { ModuleNamespace } from '../../src/client/module-types.ts'
import type { ImportedNames } from '../../src/shared/transformed-code.ts'
import type { ModuleRecord } from '../../src/shared/types.ts'

/** A module: its imports, and what happens when it is evaluated. */
export interface FakeModule {
  imports?: string[]
  /** The names that it takes from a dependency. @default '*' */
  names?: Record<string, ImportedNames>
  exports?: string[]
  run?: () => unknown
}

interface Instance extends DetachedInstance {
  imports: Set<string>
  evaluated: boolean
  namespace: ModuleNamespace
  definition: FakeModule
  promise?: Promise<ModuleNamespace>
}

/** A runtime over `modules`; change an entry to change what is evaluated next. */
export function createFakeRuntime(modules: Record<string, FakeModule>, roots: string[]) {
  const instances = new Map<string, Instance>()
  const journal: string[] = []
  /** Errors that `prepare` throws, by module. */
  const broken = new Map<string, Error>()
  const unsaved = new Map<string, Error>()
  let serial = 0
  const runner = {} as ViteNodeRunner & { runtime: HotRuntime }

  function load(id: string, definition: FakeModule | undefined, namespace: object): Promise<ModuleNamespace> {
    const existing = instances.get(id)
    if (existing) return existing.promise!
    const instance: Instance = {
      id,
      imports: new Set(definition?.imports),
      evaluated: false,
      namespace: Object.assign(namespace, { id, serial: ++serial }) as unknown as ModuleNamespace,
      definition: definition ?? {},
    }
    instances.set(id, instance)
    instance.promise = (async () => {
      if (!definition) throw new Error(`no module ${id}`)
      for (const dep of instance.imports) if (instances.get(dep)?.evaluated !== false) await load(dep, modules[dep], {})
      journal.push(`run ${id}`)
      await definition.run?.()
      instance.evaluated = true
      return instance.namespace
    })()
    instance.promise.catch(() => {})
    return instance.promise
  }

  const runtime: HotRuntime = {
    node(id): GraphNode | undefined {
      const instance = instances.get(id)
      return (
        instance && {
          id,
          url: id,
          imports: instance.imports,
          importers: new Set([...instances.values()].filter(({ imports }) => imports.has(id)).map((other) => other.id)),
          importedNames: (dep) => instance.definition.names?.[dep] ?? '*',
          exportNames: () => instance.definition.exports ?? ['default'],
          evaluated: instance.evaluated,
        }
      )
    },
    ids: () => [...instances.keys()],
    track() {
      const before = new Set(instances.keys())
      return () => [...instances.keys()].filter((id) => !before.has(id))
    },
    roots: () => roots,
    toId: (specifier) => specifier,
    resolve: async (file) => file,
    toUrl: (id) => id,
    install(modules: readonly ModuleRecord[], { seeds, failed }: Saved = { seeds: [], failed: [] }) {
      for (const id of seeds) unsaved.delete(id)
      for (const { id, error } of failed) unsaved.set(id, new Error(error.message))
      return modules.map(({ id }) => id)
    },
    isKnown: (id) => id in modules,
    nextImports: (id) => new Set(modules[id]?.imports),
    async prepare(targets: readonly string[], replaced: ReadonlySet<string>) {
      journal.push(`prepare ${targets.join(' ')}`)
      for (const id of [...targets, ...replaced]) {
        const error = broken.get(id) ?? unsaved.get(id)
        if (error) throw error
      }
    },
    detach(ids) {
      const detached: DetachedInstance[] = []
      for (const id of ids) {
        const instance = instances.get(id)
        if (instance && instances.delete(id)) detached.push(instance)
      }
      if (detached.length > 0) journal.push(`detach ${detached.map(({ id }) => id).join(' ')}`)
      return detached
    },
    attach(detached) {
      for (const instance of detached as Instance[]) instances.set(instance.id, instance)
      journal.push(`attach ${detached.map(({ id }) => id).join(' ')}`)
    },
    async reevaluate(instance) {
      const { id, definition, namespace } = instance as Instance
      journal.push(`reevaluate ${id}`)
      instances.delete(id)
      await load(id, definition, namespace)
    },
    evaluate: (id) => load(id, modules[id], {}),
    isSettled: () => false,
    async settled(ids) {
      const running = [...ids].flatMap((id) => instances.get(id)?.promise ?? [])
      await Promise.allSettled(running)
    },
  }
  runner.runtime = runtime
  return { runner, runtime, modules, journal, broken, instances }
}
