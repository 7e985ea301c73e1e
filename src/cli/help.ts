/** What `vite-tether --help` prints. */

/** The text. */
export const HELP = `vite-tether [flags] [node flags] <entry> [app arguments]

Runs a Node app in a process of its own and updates it in place when a file is saved.
Everything after the entry is the app's. All flags of node are handed on (--inspect, --env-file=.env, --import x, ...).

  --root <dir>                     root of Vite; its config is looked for there     [the current directory]
  -c, --config <file>              Vite config to use
  --no-config                      use none
  -m, --mode <mode>                Vite's mode: which .env files count              [development]
  --once, --no-watch               run once and exit with the app's code
  --on-unaccepted restart|reload   when nothing accepts a change: a new process,
                                   or all modules again in the same one             [restart]
  --include <glob>                 a change of these files restarts the app too
  --exclude <glob>                 a change of these files does nothing
  --stdin                          the app reads the terminal; no shortcuts
  --attach [host:port]             other processes may attach                       [127.0.0.1, a free port]
  --log-level info|warn|error|silent
  --clear-screen                   clear the terminal when Vite would
  -h, --help
  -v, --version
`
