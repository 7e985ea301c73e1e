/** Types of modules that several folders share. */

/** A namespace object, as `import * as ns` gives it. */
// biome-ignore lint/suspicious/noExplicitAny: a module exports anything
export type ModuleNamespace = Record<string, any> & { [Symbol.toStringTag]: 'Module' }
