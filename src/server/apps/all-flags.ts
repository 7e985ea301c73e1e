/** The flags with which node runs an app, wherever they are given, and one thing that they decide. */

/** Flags by which a process has hooks of its own, which may know packages that lie nowhere. */
const HOOKS = /^(?:--import|--require|-r|--loader|--experimental-loader)\b/

/** Those of NODE_OPTIONS among them. */
export function allFlags(execArgv: readonly string[], env: NodeJS.ProcessEnv): string[] {
  return [...execArgv, ...(env.NODE_OPTIONS?.split(/[\s"]+/) ?? [])]
}

/** `true` if node finds packages in folders `node_modules` alone. */
export function findsByFolders(execArgv: readonly string[], env: NodeJS.ProcessEnv): boolean {
  const hasHooks = allFlags(execArgv, env).some((flag) => HOOKS.test(flag))
  return process.versions.pnp === undefined && !env.NODE_PATH && !hasHooks
}
