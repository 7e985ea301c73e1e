/** The option `build` beside others. */
import { TetherError } from '../../shared/errors.ts'
import type { TetherOptions } from '../options.ts'

/** Checks that what is to be built is one app, which answers requests. Throws `ERR_CONFIG`. */
export function checkBuild({ entry, serve }: TetherOptions): void {
  const entries = [entry ?? []].flat()
  if (entries.length !== 1) {
    const got = entries.length === 0 ? 'none' : `${entries.length}: ${entries.join(', ')}`
    throw new TetherError(
      'ERR_CONFIG',
      `The option 'build' of tether() needs one 'entry', got ${got}. Give any other app a tether() and an environment of its own: ` +
        `tether({ environment: 'worker', entry: 'src/worker.ts' }).`,
    )
  }
  if (serve === false) {
    throw new TetherError(
      'ERR_CONFIG',
      "The options 'build: true' and 'serve: false' of tether() contradict each other: the server that is built answers requests on one " +
        'port with the pages. Leave one of them out.',
    )
  }
}
