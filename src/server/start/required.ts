/** Watches what `require()` and `require.resolve()` look for: Node does so by functions that nobody can replace. */
import { Module } from 'node:module'
import { dirname, join } from 'node:path'

interface Parent {
  filename?: string | null
}

interface Resolver {
  _resolveFilename(
    specifier: string,
    parent: Parent | undefined,
    isMain?: boolean,
    options?: { paths?: string[] },
  ): string
}

/** Is told what was asked for, in which files it was, and what was found: `undefined` is nothing. */
export type Required = (specifier: string, importers: readonly string[], found: string | undefined) => void

/** Has `required` told of each. An `import` of CommonJS is one. Returns what takes it away again. */
export function watchRequired(required: Required): () => void {
  const resolver = Module as unknown as Resolver
  const { _resolveFilename: original } = resolver
  resolver._resolveFilename = function (...args) {
    const [specifier, parent, , options] = args
    const file = parent?.filename
    const importers = options?.paths?.map((path) => join(path, 'index.js')) ?? [
      file ?? join(dirname(specifier), 'index.js'),
    ]
    let found: string | undefined
    try {
      found = original.apply(this, args)
      return found
    } finally {
      required(specifier, importers, found)
    }
  }
  return () => {
    resolver._resolveFilename = original
  }
}
