/** A small app that is run under tsx and under the command. */

export interface App {
  files: Record<string, string>
  /** Path of a link -> what it leads to. */
  links?: Record<string, string>
  /** @default 'main.ts' */
  entry?: string
  /** Folder that it is run in. */
  cwd?: string
  flags?: string[]
  args?: string[]
  input?: string
  /** Where the two are not the same: what the command prints, or the error of a limit of ours. */
  differs?: string | RegExp
}

/** A package of ES modules. */
export const MODULE = { 'package.json': '{ "type": "module" }' }
/** A package that says nothing of its type. */
export const COMMONJS = { 'package.json': '{}' }
/** A tsconfig.json. */
export const tsconfig = (compilerOptions: object) => ({ 'tsconfig.json': JSON.stringify({ compilerOptions }) })
/** An app of ES modules. */
export const es = (main: string, files: Record<string, string> = {}): App => ({
  files: { ...MODULE, 'main.ts': main, ...files },
})
/** An app that is meant for CommonJS. */
export const cjs = (main: string, files: Record<string, string> = {}): App => ({
  files: { ...COMMONJS, 'main.ts': main, ...files },
})
