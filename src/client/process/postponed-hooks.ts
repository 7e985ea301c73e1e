/**
 * Node's module hooks of an app process, where installing them takes a while: `module.register` blocks until its thread has booted, and
 * from then on each import of ours would go by way of it. Nothing needs them before code of the app runs.
 */
import { setImmediate } from 'node:timers/promises'
import type { SessionRunner } from '../runner/session-runner.ts'
import type { AppBoot } from './app-process.ts'

let install: (() => void) | undefined

/** Leaves the installation to the bootstrap. */
export function postponeHooks(by: () => void): void {
  install = by
}

/** Installs them unless that has been done: from here on code of the app may run. */
export function installHooks(): void {
  install?.()
  install = undefined
}

/** Installs them if the parent has not said yet what to run, so that there is nothing else to do. */
export async function installWhileUntold({ settings }: AppBoot): Promise<void> {
  const told = await Promise.race([settings.then(() => true), setImmediate(false)])
  if (!told) installHooks()
}

/** Asks for the code of the entries, and installs the hooks while the server works on the answer. */
export async function installWhileFetching({ viteNode, config }: SessionRunner): Promise<void> {
  if (!install) return
  // what cannot be had is told when it is imported
  const code = Promise.allSettled(config.entries.map((entry) => viteNode.hold(entry, async () => true)))
  // the question is on its way
  await setImmediate()
  installHooks()
  await code
}
