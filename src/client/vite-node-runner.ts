/**
 * vite-node's runner, as far as it is used here and shown to users. The class of one copy of vite-node does not fit that of another,
 * and there are two of them: ours lies in our own files, so that workers need neither vite-node nor the Vite that comes with it.
 */

/** An entry of vite-node's module cache. */
export interface ViteNodeModule {
  // biome-ignore lint/suspicious/noExplicitAny: as in vite-node
  promise?: Promise<any>
  // biome-ignore lint/suspicious/noExplicitAny: a module exports anything
  exports?: any
  evaluated?: boolean
  resolving?: boolean
  code?: string
  importers?: Set<string>
  imports?: Set<string>
}

/** All of them, by the paths of their files, or by their names. */
export interface ViteNodeModules extends Map<string, ViteNodeModule> {
  normalizePath(fsPath: string): string
  /** Makes the entry if there is none. */
  getByModuleId(id: string): ViteNodeModule & Required<Pick<ViteNodeModule, 'importers' | 'imports'>>
  setByModuleId(id: string, entry: ViteNodeModule): this
  deleteByModuleId(id: string): boolean
}

/** A `ViteNodeRunner` of any copy of vite-node. */
export interface ViteNodeRunner {
  readonly root: string
  readonly moduleCache: ViteNodeModules
  readonly options: { fetchModule: (id: string) => Promise<{ code?: string; externalize?: string }> }
  // biome-ignore lint/suspicious/noExplicitAny: as in vite-node
  executeFile(file: string): Promise<any>
  // biome-ignore lint/suspicious/noExplicitAny: as in vite-node
  executeId(rawId: string): Promise<any>
  resolveUrl(id: string, importee?: string): Promise<[url: string, fsPath: string]>
}
