/** `vite-tether attach`, from its words to its exit code. Needs no Vite. */
import { RUNNER_MARKER } from '../shared/constants.ts'
import { attach, exitCodeOf } from './attach.ts'
import { parseAttachFlags } from './attach-flags.ts'
import { fail } from './fail.ts'
import { ATTACH_HELP } from './help.ts'

/** Runs the command with what stands after `attach`. */
export function attachCommand(argv: readonly string[]): void {
  join(argv).catch((error) => fail(error, exitCodeOf(error)))
}

async function join(argv: readonly string[]): Promise<void> {
  const flags = parseAttachFlags(argv)
  if (flags === 'help') return void process.stdout.write(ATTACH_HELP)
  // from here on this is an app process, whoever has started it
  process.env[RUNNER_MARKER] = '1'
  await attach(flags, (code) => process.exit(code))
}
