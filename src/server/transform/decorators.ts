/**
 * Standard decorators: neither Node nor Vite's compiler knows them yet (legacy ones, which tsconfig.json asks for, it does), so
 * files that have them are compiled by what the project has: esbuild or TypeScript.
 */
import { createRequire } from 'node:module'
import { TetherError } from '../../shared/errors.ts'
import type { CommonJsTools } from './commonjs-files.ts'

/** Code without decorators, and its source map. */
export interface Lowered {
  code: string
  map: string
}

type Compiler = (code: string, file: string) => Promise<Lowered>

const TYPESCRIPT = /\.[cm]?tsx?$/
/** A decorator at the beginning of a line or a statement; `{@link` of comments is none. */
const DECORATOR = /(?:^\s*|[;}]\s*|\{\s+)(?:export\s+(?:default\s+)?)?@[\w$(]/m
const DECORATED_CLASS = /(?:^|[;}])\s*@[\w$.]+(?:\(.*\))?\s*(?:export\s+(?:default\s+)?)?(?:abstract\s+)?class\b/m

/**
 * For a `transform` hook that comes first: a file with standard decorators as JavaScript without them, `undefined` for any
 * other. Throws `ERR_TRANSFORM` if the project has no compiler for them.
 */
export async function lowerDecorators(
  code: string,
  id: string,
  root: string,
  compile: CommonJsTools['compile'],
): Promise<Lowered | undefined> {
  if (!TYPESCRIPT.test(id) || !DECORATOR.test(code)) return undefined
  const { code: compiled } = await compile(code, id)
  if (!DECORATOR.test(compiled)) return undefined
  const compiler = findCompiler(root)
  if (compiler) return compiler(code, id)
  // what looks like one may stand in a template string
  if (!DECORATED_CLASS.test(compiled)) return undefined
  throw new TetherError(
    'ERR_TRANSFORM',
    `${id} has standard decorators, which neither Node nor Vite compiles. Install a compiler that does (npm install -D esbuild), or set ` +
      '"experimentalDecorators": true in tsconfig.json if the decorators are written for that.',
  )
}

/** What the project has to compile TypeScript with, beside Vite's compiler. */
export function findCompiler(root: string): Compiler | undefined {
  const require = createRequire(`${root}/index.js`)
  const load = (name: string): unknown => {
    try {
      return require(name)
    } catch {
      // it is not installed, or not for this machine
      return undefined
    }
  }
  const esbuild = load('esbuild') as Esbuild | undefined
  if (esbuild) return (code, file) => withEsbuild(esbuild, code, file)
  const typescript = load('typescript') as TypeScript | undefined
  // from version 7 on it has no such function
  return typescript?.transpileModule && ((code, file) => withTypeScript(typescript, code, file))
}

/** As much of esbuild as is used. */
interface Esbuild {
  transform(code: string, options: object): Promise<Lowered>
}

function withEsbuild(esbuild: Esbuild, code: string, file: string): Promise<Lowered> {
  const loader = file.endsWith('x') ? 'tsx' : 'ts'
  return esbuild.transform(code, { loader, target: 'es2022', sourcemap: 'external', sourcefile: file })
}

/** As much of TypeScript as is used. */
interface TypeScript {
  transpileModule?(code: string, options: object): { outputText: string; sourceMapText?: string }
  ScriptTarget: { ES2022: number }
  ModuleKind: { ESNext: number }
}

async function withTypeScript(typescript: TypeScript, code: string, file: string): Promise<Lowered> {
  const { ScriptTarget, ModuleKind } = typescript
  const compilerOptions = { target: ScriptTarget.ES2022, module: ModuleKind.ESNext, sourceMap: true }
  const { outputText, sourceMapText } = typescript.transpileModule!(code, { fileName: file, compilerOptions })
  return { code: outputText.replace(/^\/\/# sourceMappingURL=.*$/m, ''), map: sourceMapText ?? '' }
}
