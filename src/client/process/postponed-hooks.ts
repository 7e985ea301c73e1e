/**
 * Installs Node's module hooks (`code/node-hooks`) while the process has nothing else to do. Nothing needs them before code of the app
 * runs.
 */
import { setImmediate } from 'node:timers/promises'
import { hooksArePostponed, installHooks } from '../code/node-hooks.ts'
import type { SessionRunner } from '../runner/session-runner.ts'
import type { AppBoot } from './app-process.ts'

/** Installs them if the parent has not said yet what to run, so that there is nothing else to do. */
export async function installWhileUntold({ settings }: AppBoot): Promise<void> {
  const told = await Promise.race([settings.then(() => true), setImmediate(false)])
  if (!told) installHooks()
}

/** Asks for the code of the entries, and installs the hooks while the server works on the answer. */
export async function installWhileFetching({ viteNode, config }: SessionRunner): Promise<void> {
  if (!hooksArePostponed()) return
  // what cannot be had is told when it is imported
  const code = Promise.allSettled(config.entries.map((entry) => viteNode.hold(entry, async () => true)))
  // the question is on its way
  await setImmediate()
  installHooks()
  await code
}
