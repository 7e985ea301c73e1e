/** Tells when a module was last invalidated. */
import type { EnvironmentModuleNode } from 'vite'

/** Vite's own clock of a module: it moves with each save or invalidation of the module or of a module behind its imports. */
export function clockOf(node: EnvironmentModuleNode): number {
  return Math.max(node.lastHMRTimestamp, node.lastInvalidationTimestamp)
}
