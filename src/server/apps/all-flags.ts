/** The flags with which node runs an app, wherever they are given, and what they decide of its packages. */

/** Flags by which a process has hooks of its own, which may know packages that lie nowhere. */
const HOOKS = /^(?:--import|--require|-r|--loader|--experimental-loader)\b/

/** Flags by which node finds other modules for a specifier, or reads them otherwise. */
const OTHER_MODULES = /^(?:-C|--conditions|--preserve-symlinks|--input-type|--(?:no-)?experimental-)/

/** Those of NODE_OPTIONS among them. */
export function allFlags(execArgv: readonly string[], env: NodeJS.ProcessEnv): string[] {
  return [...execArgv, ...(env.NODE_OPTIONS?.split(/[\s"]+/) ?? [])]
}

/** The things that the flags leave to be known of the packages that node will load. */
export function packageRules(
  execArgv: readonly string[],
  env: NodeJS.ProcessEnv,
): { inFolders: boolean; linkedAlike: boolean } {
  const flags = allFlags(execArgv, env)
  const inFolders = process.versions.pnp === undefined && !env.NODE_PATH && !flags.some((flag) => HOOKS.test(flag))
  return { inFolders, linkedAlike: inFolders && !flags.some((flag) => OTHER_MODULES.test(flag)) }
}
