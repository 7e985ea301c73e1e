/** Flags that people know from tsx, nodemon, ts-node(-dev), vite-node and Vite, and what to do instead. */

const NO_PAGES = 'This command serves the app and no pages: for a front end run vite dev, with tether() in its config.'
const TSCONFIG = 'Vite finds the tsconfig.json beside the files'
const BY_NODE = 'The entry is run by node itself: vite-tether src/server.ts.'
const POLLING = 'Where file events do not arrive, poll by the Vite config: server: { watch: { usePolling: true } }.'
const LOGGING = 'DEBUG=vite-tether:* in the environment tells of each step.'
const NEEDLESS = 'Leave it out.'

/** By what to do instead. A similar spelling would be no answer to these, and to one letter never is. */
const INSTEAD: ReadonlyArray<[flags: readonly string[], instead: string]> = [
  [['-w'], `With other tools it means --watch: saves are watched anyway, and update or restart the app. ${NEEDLESS}`],
  [['--hmr'], `Saves are watched and update the app anyway. ${NEEDLESS}`],
  [
    ['-p'],
    'The port on which an entry that exports fetch is served is --port 3000; what is for the app itself comes after the entry: vite-tether src/server.ts -p 3000.',
  ],
  [['--open', '--cors', '--base'], NO_PAGES],
  [['--force'], `That is about packages for browsers, and there are none. ${NEEDLESS}`],
  [['--build', '--outDir'], 'It runs the sources and builds nothing; vite build does.'],
  [['--tsconfig', '-P'], `${TSCONFIG}; what else it is to know stands in the Vite config (--config).`],
  [['--project'], `${TSCONFIG}; the folder that holds the Vite config and the app is --root.`],
  [['--compiler-options', '--compilerOptions', '-O'], `${TSCONFIG}: compiler options stand there.`],
  [['--exec', '-x'], BY_NODE],
  [['--script', '--entry', '-f'], `The entry stands alone, after the flags: vite-tether src/server.ts.`],
  [['--ext'], 'Whatever the app imports is watched; name files that are no modules with --include <glob>.'],
  [
    ['-e'],
    'Whatever the app imports is watched; name files that are no modules with --include <glob>. Code to run has to be in a file.',
  ],
  [['--ignore', '-i', '--ignore-watch', '-I'], 'Files whose change does nothing are named with --exclude <glob>.'],
  [['--respawn'], `An app that ends is started again by the next save anyway. ${NEEDLESS}`],
  [['--exit-child'], `The app ends with the command anyway. ${NEEDLESS}`],
  [['--transpile-only', '-T', '--type-check'], `Types are never checked. ${NEEDLESS}`],
  [['--files', '--esm', '--swc', '--vm', '-vm'], `TypeScript and ES modules need no flag. ${NEEDLESS}`],
  [['--legacy-watch', '-L', '--poll', '--interval'], POLLING],
  [['--signal', '-s'], "Set it in the Vite config: tether({ stop: { signal: 'SIGTERM' } })."],
  [['--verbose', '-V', '--debug', '-d'], LOGGING],
  [
    ['--quiet', '-q', '--silent'],
    '--log-level warn says less, --log-level silent nothing; the output of the app stays.',
  ],
  [['-l'], 'How much is said: --log-level info|warn|error|silent.'],
  [['--cwd', '--dir'], 'The folder that holds the Vite config and the app is --root.'],
  [['--cls', '--clear'], 'To clear the terminal when Vite would: --clear-screen.'],
  [['--notify'], `Nothing is shown outside of the terminal. ${NEEDLESS}`],
  [['--rs'], `r + enter restarts the app. ${NEEDLESS}`],
  [['--env'], "The app's variables come from --env-file=.env, Vite's mode is --mode."],
  [['--token'], 'The token comes from the environment: TETHER_TOKEN.'],
]

/** Advice for flags of similar tools. */
export function insteadOf(flag: string): string | undefined {
  return INSTEAD.find(([flags]) => flags.includes(flag))?.[1]
}
