/** The texts of `vite-tether --help` and `vite-tether attach --help`. */

/** The text of the command itself. */
export const HELP = `vite-tether [flags] [node flags] <entry> [app arguments]

Runs a Node app in a process of its own and updates it in place when a file is saved.
Everything after the entry is the app's. All flags of node are handed on (--inspect, --env-file=.env, --import x, ...).
Without an entry it runs those of tether({ entry }) in the Vite config; with tether({ attach: true }) it needs none, and serves
processes that attach.

  --root <dir>                     root of Vite; its config is looked for there     [the current directory]
  -c, --config <file>              Vite config to use
  --no-config                      use none
  -m, --mode <mode>                Vite's mode: which .env files count              [development]
  --once, --no-watch               run once and exit with the app's code
  --on-unaccepted restart|reload   when nothing accepts a change: a new process,
                                   or all modules again in the same one             [restart]
  --include <glob>                 a change of these files restarts the app too
  --exclude <glob>                 a change of these files does nothing
  --delay <ms>                     how long after the last save a restart begins    [0]
  --before <command>               run it before each restart; if it fails the old
                                   process goes on
  --stdin                          the app reads the terminal; no shortcuts
  --no-standby                     do not keep the next process ready: restarts are
                                   slower, and its memory is saved
  --no-ports                       ports close while the app's process is replaced
  --port <port>                    where an entry is served that exports fetch, or an
                                   app of Express, Koa, ...; taken: the next one   [the variable PORT, or 3000]
  --host [host]                    at this address; without one at all addresses    [localhost]
  --strictPort                     a port that is taken is an error
  --no-cache                       neither use nor keep what makes the next start
                                   faster
  --clear-cache                    forget what the last starts have kept
  --attach [host:port]             other processes may attach                       [127.0.0.1, a free port]
  --ui [port]                      a page of what happens, errors and modules;
                                   the key o opens it                               [a free port]
  --log-level info|warn|error|silent
  --clear-screen                   clear the terminal when Vite would
  -h, --help
  -v, --version

vite-tether attach [flags] <url> <entry> [app arguments]
  joins a server that runs elsewhere with --attach; see vite-tether attach --help
`

/** The text of `vite-tether attach`. */
export const ATTACH_HELP = `vite-tether attach [flags] [url] <entry> [app arguments]

Runs <entry> in this process with the modules of the Vite server at [url] (ws:, wss:; the environment's TETHER_URL without it)
and updates them as they are saved there.
No sources are needed here, but the packages that they import are. Flags of node go into NODE_OPTIONS.

  --root <dir>          the project's root on this machine      [the current directory]
  --token-file <file>   holds the server's token, and is read   [the environment's TETHER_TOKEN]
                        again for each attempt to connect
  --name <name>         how the server lists this runner        [the name of the entry]
  --wait <seconds>      keep trying if no server is there yet   [0]
  --health [host:]port  answers probes: /live is 200 while the process lives,
                        /ready while it is connected and runs the current code
  -h, --help

Exits with the app's code; with 2 if the command is wrong, and with 3 if the server is not there, refuses, or stays away.
`
