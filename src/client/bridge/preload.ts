/**
 * Preloaded (`--import`) in app processes and, because `execArgv` is inherited, in the processes and threads that they start:
 * what Node loads past the runner is answered by it from here on.
 */
import { isMainThread } from 'node:worker_threads'
import { TetherError } from '../../shared/errors.ts'
import { isAppProcess, openApp, takeArgv } from '../app-process.ts'
import { createHelper } from './helper.ts'
import { hookImport } from './native-imports.ts'
import type { Provider, Runner } from './provider.ts'
import { hookRequire } from './require.ts'

export { take } from './native-imports.ts'

const { searchParams } = new URL(import.meta.url)
const provider = isMainThread && isAppProcess() ? createAppProvider() : inheritProvider()
hookRequire(provider)
hookImport(provider, import.meta.url)
announceTypeScript()

function inheritProvider(): Provider {
  return createHelper(searchParams.get('invitation')!, searchParams.get('app')!)
}

function createAppProvider(): Provider {
  takeArgv()
  let runner: Runner | undefined
  const opened = openApp().runner.then(({ viteNode }) => {
    runner = { import: (url) => viteNode.import(url), native: viteNode.native! }
    return runner
  })
  // the bootstrap reports it
  opened.catch(() => {})
  return {
    open: () => opened,
    openNow() {
      if (runner) return runner
      throw new TetherError(
        'ERR_CLOSED',
        'A module of the app was required before there was a server to ask. Preload it with --import instead of --require.',
      )
    },
  }
}

/** Libraries that look for files to load (routes, entities, migrations) ask Node whether TypeScript is among what it runs. */
function announceTypeScript(): void {
  const { features } = process as unknown as { features: { typescript?: unknown } }
  if (features.typescript) return
  Object.defineProperty(features, 'typescript', { value: 'transform', enumerable: true, configurable: true })
}
