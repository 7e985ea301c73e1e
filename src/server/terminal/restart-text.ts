/** The reason of a restart as a text. */
import type { RestartCause } from '../hub-types.ts'
import { formatChain } from './report.ts'

/** The text for a line of the terminal. */
export function describeCause(cause: RestartCause): string {
  switch (cause.kind) {
    case 'unaccepted':
      return `nothing accepts ${formatChain(cause.chain)}`
    case 'leftover':
      return cause.reason
    case 'reload':
      return 'a plugin asked for a full reload'
    case 'file':
      return `${cause.file} changed`
    case 'native':
      return `${cause.file} changed (loaded natively)`
    case 'options':
      return 'its options changed in the config'
    case 'inputs':
      return 'a file that shapes it changed as it started'
    case 'silence':
      return 'it did not answer to a save'
    case 'request':
      return 'on request'
    default:
      return cause satisfies never
  }
}
