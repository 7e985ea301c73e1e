/** The fault suite as a list: what is checked, against which target, and by which tests, most of which run with `npm test` too. */

/** One row of `RESULTS.md`. */
export interface Check {
  id: string
  what: string
  target: string
  /** Files and, in each, parts of the titles of the tests that make the check. Each part has to be found. */
  tests: Record<string, string[]>
  /** Seeds that are not told by the tests themselves. */
  seed?: string
}

const SESSION = 'test/integration/sessions/session.test.ts'
const FAULTS = 'test/integration/sessions/session-faults.test.ts'
const GATE = 'test/integration/sessions/session-gate.test.ts'
const CLOCK = 'test/integration/sessions/session-clock.test.ts'
const RESILIENCE = 'test/integration/sessions/resilience.test.ts'
const CROWDS = 'test/integration/sessions/crowds.test.ts'
const MODEL = 'test/unit/shared/session/model.test.ts'
const OPENING = 'test/unit/shared/session/opening.test.ts'
const LIVENESS = 'test/unit/shared/session/liveness.test.ts'
const RPC = 'test/unit/shared/rpc/rpc.test.ts'
const CODEC = 'test/unit/shared/session/codec.test.ts'
const SESSIONS = 'test/unit/shared/session/session.test.ts'
const FUZZ = 'test/unit/shared/session/fuzz.test.ts'
const SUPERVISOR = 'test/unit/server/process/supervisor.test.ts'
const PROCESS = 'test/faults/process.fault.ts'
const LINK = 'test/faults/link.fault.ts'
const SAVES = 'test/faults/saves.fault.ts'
const INVARIANT = 'test/faults/invariant.fault.ts'
const SOAK = 'test/faults/soak.fault.ts'
const HMR = (name: string) => `test/integration/hmr/${name}.test.ts`

export const CHECKS: Check[] = [
  {
    id: 'F1',
    what: '10,000 messages each way, no fault',
    target: 'all once, in order; < 5 s',
    tests: { [SESSION]: ['10,000 messages each way'] },
  },
  {
    id: 'F2',
    what: '10,000 each way while a proxy cuts 500 times at random bytes',
    target: '0 lost, doubled or out of order; 0 resyncs',
    tests: { [FAULTS]: ['survive 500 cuts'] },
    seed: '2',
  },
  {
    id: 'F3',
    what: 'model: 2,000 seeds of 200 steps, 500 with killed servers',
    target: 'ledgers equal, or an explicit resync; < 60 s',
    tests: { [MODEL]: ['2,000 seeds', '500 seeds'] },
    seed: '1-2000',
  },
  {
    id: 'F4',
    what: 'a cut after each single byte of an exchange of 40 frames',
    target: 'all positions recover, one session each',
    tests: { [FAULTS]: ['survives a cut after each single byte'] },
  },
  {
    id: 'F5',
    what: 'reconnect before any message, and after an idle hour',
    target: 'resumed, nothing lost',
    tests: { [FAULTS]: ['cut before any message is resumed'], [OPENING]: ['for an hour on an idle link'] },
  },
  {
    id: 'F6',
    what: 'cuts during hello, welcome and replay',
    target: 'no loss, one session left',
    tests: {
      [OPENING]: ['a cut during the opening'],
      [FAULTS]: ['survives a cut after each single byte'],
    },
  },
  {
    id: 'F7',
    what: 'three links race for one session',
    target: 'one wins, others 4409 and not heard',
    tests: { [OPENING]: ['three links say hello'] },
  },
  {
    id: 'F8',
    what: '50 saves of different files while the link is down',
    target: 'all live after it is back; 50 reports or 1 resync',
    tests: { [RESILIENCE]: ['50 saves made while the link is down'] },
  },
  {
    id: 'F9',
    what: '5,000 messages, and 200 MiB, owed to a runner that is away',
    target: '1 resync, correct soon after, server RSS < +64 MiB',
    tests: { [RESILIENCE]: ['more than an outbox holds is one resync'], [LINK]: ['200 MiB owed'] },
  },
  {
    id: 'F10',
    what: 'kill -9 of the child in the middle of its imports, 100 times',
    target: 'p95 to ready < 1.5 s; no zombie, port or file left',
    tests: { [PROCESS]: ['a child that is killed while it imports'] },
  },
  {
    id: 'F11a',
    what: 'kill -9 of the Vite process, started again at the same address, 50 times, half mid-import',
    target: 'the runner stays as it is; p95 < 1 s after listen; no transport error in app code',
    tests: { [PROCESS]: ['killed and started again'], [RESILIENCE]: ['a server that is killed and started again'] },
  },
  {
    id: 'F11b',
    what: 'config edit (Vite restarts in its process) 50 times, half mid-import',
    target: 'pid unchanged, no transport error in app code',
    tests: { [PROCESS]: ['restarted for its config'], 'test/integration/hub/vite-restart.test.ts': [''] },
  },
  {
    id: 'F12',
    what: 'SIGSTOP for 60 s under 1,000 messages',
    target: '0 lost, no resync; server RSS < +40 MiB',
    tests: { [PROCESS]: ['a stopped process is owed'] },
  },
  {
    id: 'F13a',
    what: 'a synchronous loop of 20 s in the app',
    target: 'no kill, no resync; answers < 2 s after it',
    tests: { [PROCESS]: ['a process in a busy loop'] },
  },
  {
    id: 'F13b',
    what: 'a breakpoint for 60 s',
    target: 'no kill, no resync; answers < 2 s after it',
    tests: { [PROCESS]: ['a process at a breakpoint'] },
  },
  {
    id: 'F14',
    what: 'the loop of the server blocked for 20 s',
    target: 'no resync; answers < 3 s after it',
    tests: { [PROCESS]: ['a server whose loop is blocked'] },
  },
  {
    id: 'F15',
    what: 'black hole: packets vanish, nothing is closed',
    target: 'both sides know <= 20 s, 0 lost',
    tests: { [LINK]: ['a black hole is found'], [FAULTS]: ['a black hole is noticed'] },
  },
  {
    id: 'F16',
    what: 'connections that never upgrade, upgrades that never say hello, readers that never read',
    target: 'closed in time, a good runner unaffected',
    tests: { [GATE]: ['connections that never upgrade'], [SESSIONS]: ['a reader that takes nothing for 30 s'] },
  },
  {
    id: 'F17',
    what: '50 MiB of modules for a runner at 10 kB/s',
    target: 'socket <= 1 MiB + a frame; p95 of another runner < 2x',
    tests: { [LINK]: ['50 MiB of modules'], [FAULTS]: ['little of what a slow runner is owed'] },
  },
  {
    id: 'F18',
    what: 'messages of 15.9 and 16.1 MiB',
    target: 'the first passes, the second is a named error, the link stays',
    tests: { [FAULTS]: ['15.9 MiB pass'] },
  },
  {
    id: 'F19',
    what: '100,000 fuzzed frames',
    target: '0 crashes, each link closed with 4400 (1007: no UTF-8), a good session unaffected',
    tests: { [FUZZ]: ['fuzzed frames'], [GATE]: ['fuzzed frames'] },
    seed: '19',
  },
  {
    id: 'F20',
    what: 'no token, wrong token, Origin, Host, token in the URL',
    target: 'refused before the upgrade; the token in no message',
    tests: { [GATE]: ['is refused', 'without the token in the message', 'without what may be secret'] },
  },
  {
    id: 'F21',
    what: 'a recorded link played back, 100 times, during and after the live one',
    target: 'refused; the live session unaffected',
    tests: { [OPENING]: ['a recorded link that is played back'] },
  },
  {
    id: 'F22',
    what: '10,000 wrong proofs for a known session; a server without a proof',
    target: 'refused in constant time; nothing is taken from such a server',
    tests: { [LINK]: ['10,000 wrong proofs'], [OPENING]: ['takes nothing from a server that has not proved itself'] },
  },
  {
    id: 'F23',
    what: 'the wall clock jumps by an hour, with and without a link',
    target: 'no effect',
    tests: { [CLOCK]: ['a wall clock that jumps'] },
  },
  {
    id: 'F24',
    what: 'the machine sleeps: timers ten minutes late',
    target: 'no false death; resumed <= 3 s',
    tests: { [CLOCK]: ['a machine that sleeps'], [LIVENESS]: ['timers that jump ten minutes late'] },
  },
  {
    id: 'F25',
    what: 'backoff of 1,000 runners',
    target: 'no 100 ms hold > 10 %; not reset by short lives',
    tests: { [LIVENESS]: ['1,000 runners do not come back', 'lives of one second', 'the first attempt is at once'] },
  },
  {
    id: 'F26',
    what: 'a link that is up 300 ms and down 300 ms, for 5 min',
    target: 'progress in each up period; CPU < 20 % of a core',
    tests: { [LINK]: ['up for 300 ms and down'] },
  },
  {
    id: 'F27',
    what: '64 calls under way when the link is cut',
    target: 'all settle once, with the right module',
    tests: { [FAULTS]: ['calls in flight when the link is cut'], [RESILIENCE]: ['64 imports that are under way'] },
    seed: '27',
  },
  {
    id: 'F28',
    what: 'an answer is lost in a cut',
    target: 'asked for again, current code',
    tests: { [RESILIENCE]: ['a module whose answer is cut off'], [RPC]: ['issued again they keep their id'] },
  },
  {
    id: 'F29',
    what: 'a save while its module is fetched, 1,000 interleavings',
    target: 'exports equal the file on disk',
    tests: { [RESILIENCE]: ['a module that is saved while it is fetched'] },
    seed: '29',
  },
  {
    id: 'F30',
    what: '200 saves of one file in a second: over, renamed, truncated first',
    target: 'last one live <= 500 ms, no error shown',
    tests: { [SAVES]: ['200 saves of one file'], [HMR('accept')]: ['saves that are hard to read', 'bursts'] },
  },
  {
    id: 'F31',
    what: 'syntax error, top-level throw, callback that throws; then the correction',
    target: 'one readable error each, app lives, live <= 300 ms',
    tests: { [SAVES]: ['a mistake and its correction'], [HMR('transaction')]: [''] },
  },
  {
    id: 'F32',
    what: 'a leaf accepts itself; the store beside it',
    target: 'the store is evaluated once and shared',
    tests: { [HMR('in-process')]: ['keeps the state beside it'] },
  },
  {
    id: 'F33',
    what: 'cycles, dynamic imports, deleted and renamed modules',
    target: "the same values as Vite's own runner",
    tests: { [HMR('like-vite')]: [''], [HMR('prune')]: [''], [HMR('accept')]: ['circular imports'] },
  },
  {
    id: 'F34',
    what: 'soak, 30 min: a save a second, a cut each 10 s',
    target: 'heap after GC < +3 MiB on both sides; fds, timers, listeners constant',
    tests: { [SOAK]: [''] },
  },
  {
    id: 'F35',
    what: '1,000 runners come and go',
    target: 'no session, socket or listener left; heap < +2 MiB',
    tests: { [LINK]: ['1,000 runners that come and go'] },
  },
  {
    id: 'F36',
    what: 'versions: a peer of another one, unknown members and frames',
    target: 'one fatal message with both; member ignored; 4400',
    tests: {
      [GATE]: ['a server of another version'],
      [OPENING]: ['stops at a server of another version'],
      [CODEC]: ['members that are not known are ignored', 'a frame is refused'],
    },
  },
  {
    id: 'F37',
    what: 'kill -9 of the parent, 50 times, half while the child is busy',
    target: 'the child is gone <= 2 s',
    tests: { [PROCESS]: ['a child whose parent is killed'] },
  },
  {
    id: 'F38',
    what: 'crash loops, exit 0, SIGTERM ignored, a grandchild that holds the port',
    target: 'the window rule holds; killed at the deadline; the port is free',
    tests: {
      [SUPERVISOR]: ['started again five times in 30 s', 'exits with 0', 'kills at the deadline', 'port is free'],
    },
  },
  {
    id: 'F39a',
    what: 'save to applied, 200 saves, loopback',
    target: 'p50 < 60 ms, p95 < 150 ms',
    tests: { [LINK]: ['a save is applied at once'] },
  },
  {
    id: 'F39b',
    what: 'a call over the session against a bare WebSocket',
    target: '< 1 ms more at p50',
    tests: { [LINK]: ['a call costs little more'] },
  },
  {
    id: 'F40',
    what: 'cold start of 2,000 modules',
    target: '< 1.5 times a ViteNodeRunner inside the Vite process',
    tests: { [SAVES]: ['2,000 modules start'] },
  },
  {
    id: 'F41',
    what: '400 random apps, 12,000 times edited at random: supervised with and without standby, two runners, in process',
    target: 'what runs is what a fresh process would run; each line true',
    tests: {
      [INVARIANT]: [''],
      'test/integration/invariant/model.test.ts': ['plain node answers'],
    },
  },
  {
    id: 'F42',
    what: '1,000 runners that died without a word, then 50 that come',
    target: 'none refused; all in within 1 s',
    tests: { [CROWDS]: ['1,000 runners that have died'] },
  },
  {
    id: 'F43',
    what: '200 worker processes, 10 at a time, each ended by SIGTERM',
    target: '0 left on the list',
    tests: { [CROWDS]: ['a rollout of workers by SIGTERM'] },
  },
  {
    id: 'F44',
    what: '100 restarts by saves under load, kill -9 of Vite after each fifth',
    target: '0 requests failed; no port, process or descriptor left',
    tests: { 'test/integration/ports/nothing-left.test.ts': [''] },
  },
  {
    id: 'HMR',
    what: 'the HMR behaviour suite with the link cut around each save',
    target: 'every case as without a cut',
    tests: Object.fromEntries(
      ['accept', 'accept-exports', 'events', 'invalidate', 'prune', 'transaction'].map((name) => [
        HMR(name),
        ['through cut links'],
      ]),
    ),
    seed: '43',
  },
  {
    id: 'HMR-R',
    what: 'in process: random graphs and edits, 25 edits a seed',
    target: 'what runs is what a fresh process would run',
    tests: { 'test/integration/hmr/random-in-process.test.ts': ['after random edits'] },
    seed: '1-100',
  },
]

/** All files of the suite. */
export const files: string[] = [...new Set(CHECKS.flatMap(({ tests }) => Object.keys(tests)))]
