/** Files that plugins add to a module (`addWatchFile`). The module's code depends on their text, even if it also imports them. */
import type { DevEnvironment, EnvironmentModuleNode } from 'vite'

const added = new WeakMap<EnvironmentModuleNode, Set<string>>()

/** For a `transform` hook that runs before Vite's: notes the files that later hooks add to the module `id`. */
export function noteAddedFiles(context: { environment: object; addWatchFile(file: string): void }, id: string): void {
  const node = (context.environment as DevEnvironment).moduleGraph.getModuleById(id)
  if (!node) return
  const files = new Set<string>()
  added.set(node, files)
  const { addWatchFile } = context
  context.addWatchFile = (file) => {
    files.add(file)
    addWatchFile.call(context, file)
  }
}

/** `true` if `file` was added to a module. */
export function isAddedTo(node: EnvironmentModuleNode, file: string | null): boolean {
  return file !== null && (added.get(node)?.has(file) ?? false)
}
