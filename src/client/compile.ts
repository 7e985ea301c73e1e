/**
 * Transformed code -> a function, once for each record: evaluating unchanged code again costs no compile.
 */
import vm from 'node:vm'
import type { ModulePlace } from './paths.ts'

/** What a module function is called with, in this order. */
const PARAMETERS = [
  '__vite_ssr_import__',
  '__vite_ssr_dynamic_import__',
  '__vite_ssr_exports__',
  '__vite_ssr_exportAll__',
  '__vite_ssr_exportName__',
  '__vite_ssr_import_meta__',
  'require',
  'exports',
  'module',
  '__filename',
  '__dirname',
] as const

/** The arguments of a module function. */
export type ModuleContext = Record<(typeof PARAMETERS)[number], unknown>

/** Node's own `import()`, as if it stood in the module. */
export type ImportNative = (specifier: string) => Promise<Record<string, unknown>>

/** A compiled module. */
export interface CompiledModule {
  /** Runs the module's body; rejects with what it throws. */
  run(context: ModuleContext): Promise<void>
  importNative: ImportNative
  /** The text that V8 compiled: its hash identifies the script in a stack frame. */
  text: string
  /** Words in the code, so that what no module asks for is not built. */
  mentions: { require: boolean; commonJs: boolean; resolve: boolean }
}

// The second block lets a module declare `require`, `__dirname` and the like itself. An array element gets no name, so frames
// of the module body read `at file:1:2` as under Node.
const HEAD = `[async function(${PARAMETERS.join(',')}){'use strict';{`
const TAIL = '\n}},s=>import(s)]'

/** Compiles `code`; throws the SyntaxError of V8. */
export function compileModule(code: string, place: ModulePlace): CompiledModule {
  const text = HEAD + (code.startsWith('#!') ? `//${code.slice(2)}` : code) + TAIL
  const script = new vm.Script(text, {
    filename: place.script,
    // first-line columns of a stack are those of `code`
    columnOffset: -HEAD.length,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  type Compiled = [body: (...values: unknown[]) => Promise<void>, importNative: ImportNative]
  let compiled: Compiled | undefined
  const get = (): Compiled => {
    compiled ??= script.runInThisContext() as Compiled
    return compiled
  }
  return {
    run: (context) =>
      get()[0].apply(
        undefined,
        PARAMETERS.map((name) => context[name]),
      ),
    importNative: (specifier) => quietly(() => get()[1](specifier)),
    text,
    mentions: {
      require: /\brequire\b/.test(code),
      commonJs: /\b(?:module|exports)\b/.test(code),
      // also where `import.meta` is passed on as a whole
      resolve:
        /\bresolve\b/.test(code) && /__vite_ssr_import_meta__(?!\.(?:url|env|hot|main|filename|dirname)\b)/.test(code),
    },
  }
}

let hasWarned = false

/** Node warns at the first import that its loader in scripts is experimental: not something to tell the user of each app. */
function quietly<T>(importFirst: () => T): T {
  if (hasWarned) return importFirst()
  hasWarned = true
  const { emitWarning } = process
  const warn = (...args: unknown[]): void => {
    if (!String(args[0]).includes('USE_MAIN_CONTEXT_DEFAULT_LOADER')) Reflect.apply(emitWarning, process, args)
  }
  process.emitWarning = warn as typeof process.emitWarning
  try {
    return importFirst()
  } finally {
    process.emitWarning = emitWarning
  }
}
