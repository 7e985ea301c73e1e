/**
 * Preloaded (`--import`) in app processes and, because `execArgv` is inherited, in the processes and threads that they start:
 * installs the hooks through which the runner answers whatever Node itself is asked to load.
 */
import { isMainThread } from 'node:worker_threads'
import { inspectorFlag } from '../debug/inspector.ts'
import { isAppProcess, takeArgv } from '../process/argv.ts'
import { hookImport } from './async-hooks.ts'
import { preloadsOf } from './foreign-hooks.ts'
import { inheritFlag } from './inherit-flag.ts'
import type { Provider } from './provider.ts'
import { hookRequire } from './require-hooks.ts'
import { hasSyncHooks, hookImportSync } from './sync-hooks.ts'

export { take } from './async-hooks.ts'
export { evaluate } from './sync-hooks.ts'

const provider = isMainThread && isAppProcess() ? await openApp() : await openHelper()
hookRequire(provider)
if (hasSyncHooks) hookImportSync(provider, import.meta.url)
else hookImport(provider, import.meta.url)
inheritFlag(`--import=${import.meta.url}`)
announceTypeScript()

async function openApp(): Promise<Provider> {
  const ports = (await import('../ports/open-ports.ts')).openPorts()
  takeArgv()
  // before the user's own preloads run, so that breakpoints in them are hit
  if (inspectorFlag() !== undefined) await (await import('../process/app-process.ts')).openApp().handover
  // the user's preloads come next and may call listen(): it must find the held ports
  if (preloadsOf(process.execArgv).length > 0) await ports.given
  const provider = (await import('./app-provider.ts')).createAppProvider()
  // A preload that follows may be one of the app's files, and synchronous hooks cannot wait for the server: connect first.
  // The bootstrap reports a failure.
  if (hasSyncHooks && preloadsOf(process.execArgv).length > 0) await provider.open().catch(() => {})
  return provider
}

async function openHelper(): Promise<Provider> {
  const { searchParams } = new URL(import.meta.url)
  const [invitation, app] = [searchParams.get('invitation')!, searchParams.get('app')!]
  const exit = isMainThread ? (code: number) => process.exit(code) : undefined
  return (await import('./helper.ts')).createHelper({ invitation, app, exit })
}

/** Answers libraries that load files of a folder (routes, entities, migrations) and ask Node first if it runs TypeScript. */
function announceTypeScript(): void {
  const { features } = process as unknown as { features: { typescript?: unknown } }
  if (features.typescript) return
  Object.defineProperty(features, 'typescript', { value: 'transform', enumerable: true, configurable: true })
}
