/**
 * Preloaded (`--import`) in app processes and, because `execArgv` is inherited, in the processes and threads that they start:
 * installs the hooks through which the runner answers whatever Node itself is asked to load.
 */
import { isMainThread } from 'node:worker_threads'
import { installHooks, postponeHooks } from '../code/node-hooks.ts'
import { inspectorFlag, onInspector } from '../debug/inspector.ts'
import { openPorts } from '../ports/open-ports.ts'
import { openApp } from '../process/app-process.ts'
import { isAppProcess, takeArgv } from '../process/argv.ts'
import { createAppProvider } from './app-provider.ts'
import { hookImport } from './async-hooks.ts'
import { preloadsOf } from './foreign-hooks.ts'
import { createHelper } from './helper.ts'
import { inheritFlag } from './inherit-flag.ts'
import type { Provider } from './provider.ts'
import { hookRequire } from './require-hooks.ts'
import { hasSyncHooks, hookImportSync } from './sync-hooks.ts'

/** Installs it. `self` is the URL of the file that was preloaded, which says whose process this is, and exports `take` and `evaluate`. */
export async function preload(self: string): Promise<void> {
  const isApp = isMainThread && isAppProcess()
  const provider = isApp ? await openProvider() : await openHelper(self)
  hookRequire(provider)
  if (hasSyncHooks) hookImportSync(provider, self)
  else {
    postponeHooks(() => hookImport(provider, self))
    // what a debugger's console imports, and another preload, is code that nobody has looked at
    if (!isApp || preloadsOf(process.execArgv).length > 0) installHooks()
    else onInspector(installHooks)
  }
  inheritFlag(`--import=${self}`)
  announceTypeScript()
}

async function openProvider(): Promise<Provider> {
  const ports = openPorts()
  takeArgv()
  // before the user's own preloads run, so that breakpoints in them are hit
  if (inspectorFlag() !== undefined) await openApp().settings
  // the user's preloads come next and may call listen(): it must find the held ports
  if (preloadsOf(process.execArgv).length > 0) await ports.given
  const provider = createAppProvider()
  // A preload that follows may be one of the app's files, and synchronous hooks cannot wait for the server: connect first.
  // The bootstrap reports a failure.
  if (hasSyncHooks && preloadsOf(process.execArgv).length > 0) await provider.open().catch(() => {})
  return provider
}

function openHelper(self: string): Promise<Provider> {
  const { searchParams } = new URL(self)
  const [invitation, app] = [searchParams.get('invitation')!, searchParams.get('app')!]
  const exit = isMainThread ? (code: number) => process.exit(code) : undefined
  return createHelper({ invitation, app, exit })
}

/** Answers libraries that load files of a folder (routes, entities, migrations) and ask Node first if it runs TypeScript. */
function announceTypeScript(): void {
  const { features } = process as unknown as { features: { typescript?: unknown } }
  if (features.typescript) return
  Object.defineProperty(features, 'typescript', { value: 'transform', enumerable: true, configurable: true })
}
