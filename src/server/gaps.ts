/** What Vite's compiler leaves out of ES modules: `.cts` files that import, and `for await` where nothing else tells a module. */
import type { CommonJsTools } from './commonjs.ts'
import type { Compiled } from './decorators.ts'

const CODE = /\.(?:[cm]?[jt]s|[jt]sx)$/

/** For a `transform` hook that comes first: code that Vite understands; `undefined` for code that needs no help. */
export async function fillGaps(
  code: string,
  id: string,
  compile: CommonJsTools['compile'],
): Promise<Compiled | string | undefined> {
  if (id.endsWith('.cts')) {
    const { code: compiled, map } = await compile(code, id)
    return { code: compiled, map: JSON.stringify(map) }
  }
  // a file without imports and exports is parsed as a script, which cannot wait
  return CODE.test(id) && /\bfor\s+await\b/.test(code) ? `${code}\nexport {}` : undefined
}
