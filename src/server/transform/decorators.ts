/**
 * Compiles files with standard decorators, which neither Node nor Vite's compiler knows yet, by the project's esbuild or
 * TypeScript. Vite's compiler does know legacy decorators (`experimentalDecorators` in tsconfig.json).
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
/** A decorator at the beginning of a line or statement. The blank after `{` keeps `{@link` in comments out. */
const DECORATOR = /(?:^\s*|[;}]\s*|\{\s+)(?:export\s+(?:default\s+)?)?@[\w$(]/m
const DECORATED_CLASS = /(?:^|[;}])\s*@[\w$.]+(?:\(.*\))?\s*(?:export\s+(?:default\s+)?)?(?:abstract\s+)?class\b/m

/**
 * For a `transform` hook that runs before Vite's: compiles a file with standard decorators to JavaScript without them; `undefined`
 * for any other file. Throws `ERR_TRANSFORM` if the project has no compiler for them.
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
  // text that looks like a decorator may stand in a template string: only one before a class is surely one
  if (!DECORATED_CLASS.test(compiled)) return undefined
  throw new TetherError(
    'ERR_TRANSFORM',
    `${id} has standard decorators, which neither Node nor Vite compiles. Install a compiler that does (npm install -D esbuild), or set ` +
      '"experimentalDecorators": true in tsconfig.json if the decorators are written for that.',
  )
}

/** The project's own compiler for TypeScript: esbuild, TypeScript, or none. */
export function findCompiler(root: string): Compiler | undefined {
  const require = createRequire(`${root}/index.js`)
  const load = (name: string): unknown => {
    try {
      return require(name)
    } catch {
      // the package is not installed, or its binary is for another machine
      return undefined
    }
  }
  const esbuild = load('esbuild') as Esbuild | undefined
  if (esbuild) return (code, file) => withEsbuild(esbuild, code, file)
  const typescript = load('typescript') as TypeScript | undefined
  // TypeScript 7 and later have no transpileModule()
  return typescript?.transpileModule && ((code, file) => withTypeScript(typescript, code, file))
}

/** The functions of esbuild that are used. */
interface Esbuild {
  transform(code: string, options: object): Promise<Lowered>
}

function withEsbuild(esbuild: Esbuild, code: string, file: string): Promise<Lowered> {
  const loader = file.endsWith('x') ? 'tsx' : 'ts'
  return esbuild.transform(code, { loader, target: 'es2022', sourcemap: 'external', sourcefile: file })
}

/** The members of TypeScript that are used. */
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
