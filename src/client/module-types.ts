/** Types of modules that several folders share. */

/** A namespace object, as `import * as ns` gives it. */
// biome-ignore lint/suspicious/noExplicitAny: a module exports anything
export type ModuleNamespace = Record<string, any> & { [Symbol.toStringTag]: 'Module' }

/** The names that an importer takes from a module: `[]` for side effects only, `'*'` for the whole namespace (also `import()`). */
export type ImportedNames = readonly string[] | '*'
