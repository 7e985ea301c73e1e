/**
 * Compiles transformed code to a function, once for each record: evaluating unchanged code again costs no compile.
 */
import vm from 'node:vm'
import { yieldingImports } from '../../shared/transformed-code.ts'
import { isDebuggable } from './debug-code.ts'
import type { ModulePlace } from './paths.ts'

/** The parameters of a module function, in this order. */
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

/** The running body of a module: a generator that yields its static imports, or a promise if it has a top-level `await`. */
export type Body = Generator<ImportRequest, void, object> | Promise<void>

/** A static import. */
export interface ImportRequest {
  specifier: string
  /** Empty for `import * as ns`, `export *` and `import './x'`. */
  importedNames: readonly string[]
}

/** A compiled module. */
export interface CompiledModule {
  /** Lets V8 make the function now, so that `run` does not have to. Runs no code of the app. */
  warm(): void
  /** The body has a top-level `await`. */
  isAsync: boolean
  /**
   * Calls the module's function. A generator yields an `ImportRequest` for each static import and must be given the namespace; an
   * async body resolves its imports itself, and its promise settles with its end.
   */
  run(context: ModuleContext): Body
  importNative: ImportNative
  /** The given code as a slice of `text`: V8 keeps `text` anyway, so the slice takes no memory of its own. */
  code: string
  /** The whole text that V8 has compiled. */
  text: string
  /** Words in the code. `require`, `module`, `import.meta` and its `resolve` are made only for modules that mention them. */
  mentions: { require: boolean; commonJs: boolean; meta: boolean; resolve: boolean }
}

// The second block lets a module declare `require`, `__dirname` and the like itself. An array element gets no name, so frames
// of the module body read `at file:1:2` as under Node. The parentheses make V8 compile the body at once: without them it would
// first only look for the body's end, and parse it again when it runs. Both heads are equally long, so columns are the same.
const PARAMETER_LIST = `(${PARAMETERS.join(',')})`
const NOW = `[(     function*${PARAMETER_LIST}{'use strict';{`
const LATER = `[(async function${PARAMETER_LIST}{'use strict';{`
const TAIL = '\n}}),s=>import(s)]'

type Compiled = [run: (...values: unknown[]) => Body, importNative: ImportNative]

/** Compiles `code`; throws the SyntaxError of V8. */
export function compileModule(code: string, place: ModulePlace): CompiledModule {
  // a debugger stops before a script runs and sets the breakpoints of its sources; before a function's body it cannot
  const isScript = isDebuggable(code)
  const start = isScript ? '      ' : 'return'
  const length = `${start} ${NOW}`.length
  const options = {
    filename: place.script,
    // columns of the first line count from the beginning of `code`, not from that of the wrapper
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
  let script = mayAwait(now) ? undefined : attempt(() => compile(text))
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
      // `import.meta` may also be passed on as a whole: only a read of another known property rules `resolve` out
      resolve:
        hasWord(code, 'resolve') && /__vite_ssr_import_meta__(?!\.(?:url|env|hot|main|filename|dirname)\b)/.test(code),
    },
  }
}

/**
 * `true` if code may have a top-level `await` that V8 would accept in a generator as something else: there `await` is a name
 * like any other, `await (x)` a call, and `await` at the end of a line a statement. A static block forbids `await` as a name, and
 * everything else that it forbids no module's own code can have: so code that does not compile in one has a top-level `await`.
 */
function mayAwait(code: string): boolean {
  if (!/\bawait[^\S\r\n\u2028\u2029]*[\r\n\u2028\u2029([`+\-/]/.test(code)) return false
  const body = code.replaceAll('= yield __vite_ssr_import__(', '= __vite_ssr_import__(').replace(/^#!/, '//')
  return attempt(() => vm.compileFunction(`class A{static{${body}\n}}`)) === undefined
}

function attempt<T>(compile: () => T): T | undefined {
  try {
    return compile()
  } catch {
    // the caller compiles the async form next, which throws the SyntaxError of code that is wrong in both
    return undefined
  }
}

/** `true` if `word` occurs in code as a whole word. The plain search comes first because it is fast and mostly says no. */
function hasWord(code: string, word: string): boolean {
  return code.includes(word) && new RegExp(`\\b${word}\\b`).test(code)
}

let hasWarned = false

/** Runs the first native import without Node's warning that its loader in scripts is experimental: users can do nothing about it. */
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
