/**
 * Transformed code -> a function, once for each record: evaluating unchanged code again costs no compile.
 */
import vm from 'node:vm'
import { isDebuggable } from './debug-code.ts'
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
  /** Makes the function ready to run, which app code does not notice. */
  warm(): void
  /** Runs the module's body; rejects with what it throws. */
  run(context: ModuleContext): Promise<void>
  /** The same without a tick in between. Throws `ERR_REQUIRE_ASYNC_MODULE` if the body awaits anything but imports. */
  runNow(context: ModuleContext): void
  importNative: ImportNative
  /** The code that was given, as part of the text that V8 compiled. */
  code: string
  /** What V8 has compiled of it. */
  texts: readonly string[]
  /** Words in the code, so that what no module asks for is not built. */
  mentions: { require: boolean; commonJs: boolean; meta: boolean; resolve: boolean }
}

// The second block lets a module declare `require`, `__dirname` and the like itself. An array element gets no name, so frames
// of the module body read `at file:1:2` as under Node. In parentheses V8 compiles the body at once: it is going to run, and a
// first pass that only looks for its end costs as much again.
const HEAD = `[(async function(${PARAMETERS.join(',')}){'use strict';{`
const TAIL = '\n}}),s=>import(s)]'

/** The body of a module that does not wait for its imports. All columns stay what they were. */
const NOW: [pattern: RegExp, replacement: string][] = [
  [/^(return| {6}) \[\(async/, '$1 [(     '],
  [/^(const __vite_ssr_import_\d+__ = )await (?=__vite_ssr_import__\()/gm, '$1      '],
]

type Body = (...values: unknown[]) => Promise<void> | undefined
type Compiled = [body: Body, importNative: ImportNative]

/** Compiles `code`; throws the SyntaxError of V8. */
export function compileModule(code: string, place: ModulePlace): CompiledModule {
  // a debugger can stop before a script, to set the breakpoints of its sources, but not before a function's body
  const isScript = isDebuggable(code)
  const head = `${isScript ? '      ' : 'return'} ${HEAD}`
  const text = head + (code.startsWith('#!') ? `//${code.slice(2)}` : code) + TAIL
  const options = {
    filename: place.script,
    // first-line columns of a stack are those of `code`
    columnOffset: -head.length,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }
  const compile = (source: string): (() => Compiled) => {
    // else not a vm.Script: V8 keeps those in its compilation cache, all that a long day of saves has made
    if (!isScript) return vm.compileFunction(source, [], options) as () => Compiled
    const script = new vm.Script(source, options)
    return () => script.runInThisContext() as Compiled
  }
  const texts = [text]
  const script = compile(text)
  let compiled: Compiled | undefined
  const get = (): Compiled => {
    compiled ??= script()
    return compiled
  }
  const call = (body: Body, context: ModuleContext) =>
    body.apply(
      undefined,
      PARAMETERS.map((name) => context[name]),
    )
  return {
    warm: () => void get(),
    run: (context) => call(get()[0], context) as Promise<void>,
    runNow(context) {
      const source = NOW.reduce((before, [pattern, replacement]) => before.replace(pattern, replacement), text)
      let now: () => Compiled
      try {
        now = compile(source)
        texts.push(source)
      } catch (cause) {
        throw asyncModule(place.file, cause)
      }
      call(now()[0], context)
    },
    importNative: (specifier) => quietly(() => get()[1](specifier)),
    code: code.startsWith('#!') ? code : text.slice(head.length, -TAIL.length),
    texts,
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

/** Most code has none of them, which is quickly seen. */
function hasWord(code: string, word: string): boolean {
  return code.includes(word) && new RegExp(`\\b${word}\\b`).test(code)
}

/** Node's error for it: the other form has compiled, so only the `await` can be what is wrong. */
function asyncModule(file: string, cause: unknown): Error {
  return Object.assign(
    new Error(`require() cannot be used on an ES module with top-level await: ${file}. Use import() instead.`, {
      cause,
    }),
    { code: 'ERR_REQUIRE_ASYNC_MODULE' },
  )
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
