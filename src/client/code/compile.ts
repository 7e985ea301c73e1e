/**
 * Transformed code -> a function, once for each record: evaluating unchanged code again costs no compile.
 */
import vm from 'node:vm'
import { isDebuggable } from './debug-code.ts'
import type { ModulePlace } from './paths.ts'
import { yieldingImports } from './transformed-code.ts'

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

/** The body of a module, under way. */
export type Body = Generator<ImportRequest, void, object> | Promise<void>

/** A static import. */
export interface ImportRequest {
  specifier: string
  /** Empty for `import * as ns`, `export *` and `import './x'`. */
  importedNames: readonly string[]
}

/** A compiled module. */
export interface CompiledModule {
  /** Makes the function ready to run, which app code does not notice. */
  warm(): void
  /** The body has a top-level `await`. */
  isAsync: boolean
  /**
   * Calls the module's function: a generator of what `__vite_ssr_import__` returns, which is to be given what was imported, or,
   * if it is async, a promise.
   */
  run(context: ModuleContext): Body
  importNative: ImportNative
  /** The code that was given, as part of the text that V8 compiled. */
  code: string
  /** What V8 has compiled. */
  text: string
  /** Words in the code, so that what no module asks for is not built. */
  mentions: { require: boolean; commonJs: boolean; meta: boolean; resolve: boolean }
}

// The second block lets a module declare `require`, `__dirname` and the like itself. An array element gets no name, so frames
// of the module body read `at file:1:2` as under Node. In parentheses V8 compiles the body at once: it is going to run, and a
// first pass that only looks for its end costs as much again. Both are equally long, and so are all columns.
const PARAMETER_LIST = `(${PARAMETERS.join(',')})`
const NOW = `[(     function*${PARAMETER_LIST}{'use strict';{`
const LATER = `[(async function${PARAMETER_LIST}{'use strict';{`
const TAIL = '\n}}),s=>import(s)]'

type Compiled = [run: (...values: unknown[]) => Body, importNative: ImportNative]

/** Compiles `code`; throws the SyntaxError of V8. */
export function compileModule(code: string, place: ModulePlace): CompiledModule {
  // a debugger can stop before a script, to set the breakpoints of its sources, but not before a function's body
  const isScript = isDebuggable(code)
  const start = isScript ? '      ' : 'return'
  const length = `${start} ${NOW}`.length
  const options = {
    filename: place.script,
    // first-line columns of a stack are those of `code`
    columnOffset: -length,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }
  const compile = (text: string): (() => Compiled) => {
    // compileFunction, not vm.Script: scripts stay in V8's compilation cache, so every save of a long session would leak one.
    if (!isScript) return vm.compileFunction(text, [], options) as () => Compiled
    const script = new vm.Script(text, options)
    return () => script.runInThisContext() as Compiled
  }
  const now = yieldingImports(code)
  const toText = (head: string, body: string): string => `${start} ${head}${body.replace(/^#!/, '//')}${TAIL}`
  let text = toText(NOW, now)
  let script = mayWait(now) ? undefined : attempt(() => compile(text))
  const isAsync = script === undefined
  if (!script) {
    text = toText(LATER, code)
    script = compile(text)
  }
  const run = script
  let compiled: Compiled | undefined
  const get = (): Compiled => {
    compiled ??= run()
    return compiled
  }
  return {
    warm: () => void get(),
    isAsync,
    run: (context) =>
      get()[0].apply(
        undefined,
        PARAMETERS.map((name) => context[name]),
      ),
    importNative: (specifier) => quietly(() => get()[1](specifier)),
    code: code.startsWith('#!') ? code : text.slice(length, -TAIL.length),
    text,
    mentions: {
      require: hasWord(code, 'require'),
      commonJs: hasWord(code, 'module') || hasWord(code, 'exports'),
      meta: code.includes('__vite_ssr_import_meta__'),
      // also where `import.meta` is passed on as a whole
      resolve:
        hasWord(code, 'resolve') && /__vite_ssr_import_meta__(?!\.(?:url|env|hot|main|filename|dirname)\b)/.test(code),
    },
  }
}

/**
 * Whether code may have a top-level `await` that is none to V8 in a function that is not async: there it is a name like any
 * other, `await (x)` a call, and `await` at the end of a line a statement. A static block has neither, nor can a module's own
 * code have what such a block must not have.
 */
function mayWait(code: string): boolean {
  if (!/\bawait[^\S\r\n\u2028\u2029]*[\r\n\u2028\u2029([`+\-/]/.test(code)) return false
  const body = code.replaceAll('= yield __vite_ssr_import__(', '= __vite_ssr_import__(').replace(/^#!/, '//')
  return attempt(() => vm.compileFunction(`class A{static{${body}\n}}`)) === undefined
}

function attempt<T>(compile: () => T): T | undefined {
  try {
    return compile()
  } catch {
    // the other form tells what is wrong
    return undefined
  }
}

/** Most code has none of them, which is quickly seen. */
function hasWord(code: string, word: string): boolean {
  return code.includes(word) && new RegExp(`\\b${word}\\b`).test(code)
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
