/** Output that plain node runs. */
import { join } from 'node:path'
import { type BuildContext, context as createContext, transformSync } from 'esbuild'
import type { Compile } from './app.ts'

/** One file for `entry`, with packages left outside: what builds it, and where it is. */
export async function bundle(root: string, entry: string): Promise<{ context: BuildContext; file: string }> {
  const file = join(root, 'out/bundle.js')
  const context = await createContext({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    logLevel: 'warning',
  })
  return { context, file }
}

/** Builds `entry` once; resolves with the bundle's path. */
export async function bundleOnce(root: string, entry: string): Promise<string> {
  const { context, file } = await bundle(root, entry)
  await context.rebuild()
  await context.dispose()
  return file
}

const OPTIONS = {
  loader: 'ts',
  target: 'node20',
  tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
} as const

/** Each file for itself, as JavaScript. */
export const toJavaScript: Compile = (file, code) => ({
  file: file.replace(/\.ts$/, '.js'),
  code: transformSync(code, OPTIONS).code.replace(/(from |import\(|import )"(\..*?)\.ts"/g, '$1"$2.js"'),
})
