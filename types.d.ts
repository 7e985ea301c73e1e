/**
 * `import.meta.hot` and `import.meta.env` for Node code under Vite, without DOM types. In tsconfig.json:
 * `"types": ["node", "vite-tether/types"]`.
 */

interface TetherModuleNamespace extends Record<string, any> {
  [Symbol.toStringTag]: 'Module'
}

/** The HMR API of this module, as in Vite's documentation. `undefined` without HMR. */
interface TetherHotContext {
  /** Kept from one evaluation of the module to the next. */
  readonly data: any
  accept(): void
  accept(callback: (module: TetherModuleNamespace | undefined) => void): void
  accept(dependency: string, callback: (module: TetherModuleNamespace | undefined) => void): void
  accept(dependencies: readonly string[], callback: (modules: Array<TetherModuleNamespace | undefined>) => void): void
  acceptExports(names: string | readonly string[], callback?: (module: TetherModuleNamespace | undefined) => void): void
  /** Runs before the module is replaced, removed or the process stops; a promise is awaited. */
  dispose(callback: (data: any) => void | Promise<void>): void
  /** Runs after `dispose` when nothing imports the module any more. */
  prune(callback: (data: any) => void | Promise<void>): void
  /** Passes the update on to the importers. Resolves with the modules that were executed as a result. */
  invalidate(message?: string): Promise<any[]>
  decline(): void
  on(event: string, callback: (payload: any) => void): void
  off(event: string, callback: (payload: any) => void): void
  send(event: string, data?: any): void
}

interface ImportMetaEnv {
  [key: string]: any
  readonly BASE_URL: string
  readonly MODE: string
  readonly DEV: boolean
  readonly PROD: boolean
  readonly SSR: boolean
}

declare namespace NodeJS {
  interface Module {
    /** `import.meta.hot` for code that is also compiled to CommonJS; nowhere else there is one. */
    readonly hot?: TetherHotContext
  }
}

interface ImportMeta {
  readonly hot?: TetherHotContext
  readonly env: ImportMetaEnv
}
