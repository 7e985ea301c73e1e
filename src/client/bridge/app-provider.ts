/** The runner of a supervised app process, as the hooks need it. */
import { TetherError } from '../../shared/errors.ts'
import { openApp } from '../process/app-process.ts'
import type { BridgedRunner, Provider } from './provider.ts'

/** Begins to connect. */
export function createAppProvider(): Provider {
  let runner: BridgedRunner | undefined
  const opened = openApp().runner.then(({ viteNode }) => {
    runner = { import: (url) => viteNode.import(url), native: viteNode.native! }
    return runner
  })
  // the bootstrap awaits the same promise and reports its rejection
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
