/** The command line of the benchmarks. */
import { parseArgs } from 'node:util'
import type { Job } from './round.ts'
import { CASES, TOOLS, USUAL } from './tools.ts'

/** The choice of the measurements. */
export interface Options {
  full: boolean
  /** Only the groups of second starts, scripts and quick restarts. */
  starts: boolean
  rounds: number
  edits: number
  modules: number
  seed: number
  /** Only this, which is printed and not written. */
  chosen: (Pick<Job, 'app' | 'cases' | 'rtt' | 'growth' | 'requests'> & { tools: string[] }) | undefined
}

const names = TOOLS.map((tool) => tool.name)
const APPS = ['generated', 'nest'] as const

/** Help of the command. */
export const HELP = `npm run bench -- [options]

Without options: the short form. It and --full write bench/RESULTS.md.
  --full            everything
  --rounds n        rounds of the comparison (3)
  --edits n         edits of each kind in a round (2)
  --seed n          seed of the app and of the order of tools (1)

Any of these measures only what it says, and writes nothing:
  --starts          second starts, a script of one line, restarts soon after another
  --only a,b        cases: ${CASES.join(', ')}
  --tools a,b       ${names.join(', ')}
  --modules n       size of the generated app (1000)
  --app nest        the NestJS app (cold, leaf and unaccepted only)
  --rtt n           ms there and back on the link (tether-attached, runner-ws), which counts messages
  --growth n        memory after so many leaf updates
  --requests n      failed requests over so many restarts by saves
`

/** Reads `args`. Throws a message for people. */
export function parseOptions(args: string[]): Options | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      full: { type: 'boolean', default: false },
      starts: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '3' },
      edits: { type: 'string', default: '2' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      tools: { type: 'string' },
      modules: { type: 'string' },
      app: { type: 'string' },
      rtt: { type: 'string' },
      growth: { type: 'string' },
      requests: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return 'help'
  const { only, tools, modules, app, rtt, growth, requests } = values
  const isChosen = [only, tools, modules, app, rtt, growth, requests].some((value) => value !== undefined)
  return {
    full: values.full,
    starts: values.starts,
    rounds: integer('--rounds', values.rounds, 1),
    edits: integer('--edits', values.edits, 1),
    modules: integer('--modules', modules ?? '1000', 60),
    seed: integer('--seed', values.seed, 0),
    chosen: isChosen
      ? {
          tools: some('--tools', tools, names),
          cases: some('--only', only ?? (app === 'nest' ? 'cold,leaf,unaccepted' : USUAL.join()), CASES),
          app: some('--app', app ?? 'generated', APPS)[0]!,
          ...(rtt !== undefined && { rtt: integer('--rtt', rtt, 0) }),
          ...(growth !== undefined && { growth: integer('--growth', growth, 1) }),
          ...(requests !== undefined && { requests: integer('--requests', requests, 1) }),
        }
      : undefined,
  }
}

function some<T extends string>(flag: string, given: string | undefined, known: readonly T[]): T[] {
  if (given === undefined) return [...known]
  return given.split(',').map((name) => {
    const found = known.find((each) => each === name)
    if (found === undefined) throw new Error(`${flag} takes ${known.join(', ')}; got ${JSON.stringify(name)}.`)
    return found
  })
}

function integer(flag: string, given: string, least: number): number {
  const value = Number(given)
  if (!Number.isInteger(value) || value < least) {
    throw new Error(`${flag} takes an integer from ${least} on; got ${JSON.stringify(given)}.`)
  }
  return value
}
