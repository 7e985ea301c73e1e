/** When Vite was last told that a module is out of date. */
import type { EnvironmentModuleNode } from 'vite'

/** Vite's own clock of a module: it moves with each save or invalidation, also of what the module imports. */
export function clockOf(node: EnvironmentModuleNode): number {
  return Math.max(node.lastHMRTimestamp, node.lastInvalidationTimestamp)
}
