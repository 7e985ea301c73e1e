/** Modules as evaluation, HMR and users see them. */

/** A namespace object, as `import * as ns` gives it. */
// biome-ignore lint/suspicious/noExplicitAny: a module exports anything
export type ModuleNamespace = Record<string, any> & { [Symbol.toStringTag]: 'Module' }

/** What an importer takes from a module: names, nothing (side effects only: `[]`), or everything (`*`, or `import()`). */
export type ImportedNames = readonly string[] | '*'
