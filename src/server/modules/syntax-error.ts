/**
 * Finds the place of a syntax error in JavaScript. Vite looks for imports first, and where it cannot, it calls that an error of the first
 * line, which may be JSX; or it names the URL of the module for its file.
 */
import { posix } from 'node:path'
import type { ResolvedConfig } from 'vite'
import type { ModuleId } from '../../shared/types.ts'
import { codeFrame } from '../../shared/util/code-frame.ts'
import { textOf } from '../../shared/util/file-stats.ts'
import { parserOf } from '../vite/environment.ts'

/** Vite's error of code that it cannot read: before that is transformed, and after. */
interface Unread extends Error {
  /** The code before it is transformed, as plugins have left it. */
  pluginCode?: string
  loc?: { line: number }
}

function isUnread(error: unknown): error is Unread {
  const message = (error as Error | null)?.message ?? ''
  return /^(Failed to parse source for import analysis|Parse failure: )/.test(message)
}

/** Turns Vite's error of a JavaScript file that it cannot read into that of its parser. Other errors stay as they are. */
export function explainSyntax(config: ResolvedConfig, error: unknown, id: ModuleId): unknown {
  const source = isUnread(error) && /\.[cm]?jsx?$/.test(id) ? textOf(id) : undefined
  if (source === undefined) return error
  const [first] = parserOf(config)(id, source, { sourceType: 'module' }).errors
  const start = first?.labels[0]?.start
  if (!first || start === undefined) return error
  const lines = source.slice(0, start).split('\n')
  const [line, column] = [lines.length, lines.at(-1)!.length]
  // what a plugin has made of the file is wrong somewhere else
  const { pluginCode, loc } = error as Unread
  if (pluginCode === undefined ? loc?.line !== line : pluginCode !== source) return error
  const wayOut =
    first.message.includes('JSX') && !id.endsWith('x') ? ': name the file with the extension .jsx or .tsx' : ''
  return Object.assign(
    new SyntaxError(`Parse failure in ${posix.relative(config.root, id)}: ${first.message}${wayOut}`, { cause: error }),
    {
      ...{ id, loc: { file: id, line, column }, frame: codeFrame(source, line, column + 1) },
    },
  )
}
