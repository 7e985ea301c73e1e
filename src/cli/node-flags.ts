/** Node's own flags, as far as the command line has to tell them from others. */

/** Flags that Node takes on its command line only, and that make sense for an app that is developed. */
const COMMAND_LINE_ONLY = new Set([
  '--env-file',
  '--env-file-if-exists',
  '--cpu-prof',
  '--cpu-prof-dir',
  '--cpu-prof-interval',
  '--cpu-prof-name',
  '--expose-gc',
  '--prof',
  '--stack-size',
  '--trace-gc',
])

/** Flags whose value may be the argument after them (`--require ./x`); all others have it after a `=`, or none. */
const WITH_VALUE = new Set([
  '-C',
  '-r',
  '--allow-fs-read',
  '--allow-fs-write',
  '--conditions',
  '--cpu-prof-dir',
  '--cpu-prof-interval',
  '--cpu-prof-name',
  '--debug-port',
  '--diagnostic-dir',
  '--disable-proto',
  '--disable-warning',
  '--dns-result-order',
  '--env-file',
  '--env-file-if-exists',
  '--es-module-specifier-resolution',
  '--experimental-default-type',
  '--experimental-loader',
  '--experimental-package-map',
  '--experimental-policy',
  '--heap-prof-dir',
  '--heap-prof-interval',
  '--heap-prof-name',
  '--heapsnapshot-near-heap-limit',
  '--heapsnapshot-signal',
  '--icu-data-dir',
  '--import',
  '--input-type',
  '--inspect-port',
  '--inspect-publish-uid',
  '--loader',
  '--localstorage-file',
  '--max-http-header-size',
  '--max-old-space-size-percentage',
  '--network-family-autoselection-attempt-timeout',
  '--openssl-config',
  '--policy-integrity',
  '--redirect-warnings',
  '--report-dir',
  '--report-directory',
  '--report-filename',
  '--report-signal',
  '--require',
  '--secure-heap',
  '--secure-heap-min',
  '--snapshot-blob',
  '--title',
  '--tls-cipher-list',
  '--tls-keylog',
  '--trace-event-categories',
  '--trace-event-file-pattern',
  '--trace-require-module',
  '--unhandled-rejections',
  '--use-largepages',
  '--v8-pool-size',
])

/** Flags that would fight with what this command does: what to do instead. The first that matches counts. */
const CONFLICTING: ReadonlyArray<[flags: RegExp, instead: string]> = [
  [/^--watch-path$/, 'Name files that are no modules with --include <glob>.'],
  [/^--watch-preserve-output$/, 'The terminal is cleared only with --clear-screen; leave it out.'],
  [/^--watch-kill-signal$/, "Set it with tether({ stop: { signal: 'SIGTERM' } }) in the Vite config."],
  [/^--watch$/, 'Saves are watched anyway; leave it out.'],
  // each version of Node has more of them
  [/^--(experimental-)?test(-|$)/, 'Run tests with Vitest.'],
]

/** The kind of a flag that was given without `=value`: of node or not, and with a value behind it or not. */
export type NodeFlag = { kind: 'plain' | 'with-value' | 'unknown' } | { kind: 'conflicting'; instead: string }

/** Looks `flag` up. */
export function nodeFlag(flag: string): NodeFlag {
  const conflict = CONFLICTING.find(([flags]) => flags.test(flag))
  if (conflict) return { kind: 'conflicting', instead: conflict[1] }
  if (!process.allowedNodeEnvironmentFlags.has(flag) && !COMMAND_LINE_ONLY.has(flag)) return { kind: 'unknown' }
  return { kind: WITH_VALUE.has(flag) ? 'with-value' : 'plain' }
}

/** All that {@link nodeFlag} knows, to find the one that was meant. */
export function nodeFlags(): string[] {
  return [...process.allowedNodeEnvironmentFlags, ...COMMAND_LINE_ONLY]
}
