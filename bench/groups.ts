/** The jobs of a group take turns: a busy moment of the machine then slows all of them, not one tool alone. */
import type { Options } from './options.ts'
import { createRandom, shuffled } from './random.ts'
import { type Job, type Result, runJob } from './round.ts'
import { type Case, TOOLS, USUAL } from './tools.ts'

/** The groups of the report. */
export type GroupName =
  | 'main'
  | 'nest'
  | 'sizes'
  | 'link'
  | 'growth'
  | 'starts'
  | 'script'
  | 'soon'
  | 'requests'
  | 'chosen'

/** Jobs that take turns. */
export interface Group {
  name: GroupName
  rounds: number
  jobs: Job[]
}

const RTTS = [0, 10, 40, 100]
/** ModuleRunner over ws takes minutes at 1,000 modules and 40 ms. */
const FEW = 100
/** The smallest app that can be generated. */
const SMALLEST = 60

/** The jobs of `options` with these tools. */
function jobsOf({ modules, seed, edits }: Options, tools: readonly string[], more: Partial<Job> = {}): Job[] {
  return TOOLS.filter(({ name }) => tools.includes(name)).map((tool) => {
    return { tool, app: 'generated', modules, seed, cases: USUAL, edits, ...more }
  })
}

/** Starts that find what another one has left, and restarts that follow one another. */
function startGroups(options: Options): Group[] {
  const { rounds } = options
  const peers = ['tether', 'tsx', 'plain']
  const again: Case[] = ['cold', 'again']
  const starts = ['tether', 'tether-plugins', 'tsx', 'plain']
  return [
    {
      name: 'starts',
      rounds,
      jobs: [SMALLEST, FEW, 1000].flatMap((modules) =>
        jobsOf(options, starts, { modules, cases: [...again, 'first'] }),
      ),
    },
    { name: 'script', rounds, jobs: jobsOf(options, peers, { app: 'script', cases: again, edits: 3 }) },
    { name: 'soon', rounds, jobs: jobsOf(options, ['tether', 'tsx'], { cases: ['soon'] }) },
  ]
}

/** The groups that `options` ask for. */
export function groupsOf(options: Options): Group[] {
  const { rounds, full } = options
  const jobs = (tools: readonly string[], more: Partial<Job> = {}): Job[] => jobsOf(options, tools, more)
  const { chosen } = options
  if (options.starts) return startGroups(options)
  if (chosen) {
    const { tools, ...more } = chosen
    return [{ name: 'chosen', rounds, jobs: jobs(tools, more).filter(isPossible) }]
  }

  const main = ['tether', 'runner', 'runner-ws', 'vite-node', 'tsx', 'esbuild']
  const others = ['env-runner', 'hot-hook', 'nodemon', 'node-watch']
  const groups: Group[] = [
    {
      name: 'main',
      rounds,
      jobs: [
        ...jobs(main),
        ...jobs(['tether-api'], { cases: ['restart'] }),
        ...jobs(['plain', 'bundle']),
        ...(full ? jobs(others, { edits: 1 }) : []),
      ],
    },
  ]
  if (!full) return groups
  const nest: Case[] = ['cold', 'leaf', 'unaccepted']
  const small: Case[] = ['cold', 'leaf']
  const sizes = [FEW, 1000, 3000].flatMap((size) => jobs(['tether', 'runner'], { modules: size, cases: small }))
  const ours = RTTS.flatMap((rtt) => [
    ...jobs(['tether-attached'], { rtt, cases: ['cold', 'leaf', 'shared'] }),
    ...jobs(['tether-attached'], { rtt, cases: small, modules: FEW }),
  ])
  const theirs = RTTS.flatMap((rtt) =>
    jobs(['runner-ws'], { rtt, cases: small, modules: FEW, edits: rtt > 10 ? 1 : 2 }),
  )
  return [
    ...groups,
    {
      name: 'nest',
      rounds,
      jobs: jobs(['tether', 'runner', 'tsx', 'esbuild', 'plain', 'bundle'], { app: 'nest', cases: nest }),
    },
    { name: 'sizes', rounds: 2, jobs: sizes },
    ...startGroups(options),
    {
      name: 'requests',
      rounds: 2,
      jobs: jobs(['tether', 'tsx', 'nodemon', 'node-watch', 'esbuild'], { modules: FEW, cases: [], requests: 10 }),
    },
    { name: 'link', rounds: 2, jobs: ours },
    // its times are minutes, and steady
    {
      name: 'link',
      rounds: 1,
      jobs: [...theirs, ...jobs(['runner-ws'], { rtt: 0, cases: ['cold', 'leaf', 'shared'] })],
    },
    {
      name: 'growth',
      rounds: 1,
      jobs: [
        ...jobs(['tether', 'runner', 'runner-ws'], { cases: [], growth: 500 }),
        ...jobs(['vite-node'], { cases: [], growth: 100 }),
      ],
    },
  ]
}

/** The NestJS app has no entry for tools with an API of their own. */
const isPossible = ({ app, tool }: Job): boolean => app !== 'nest' || /^entry(-plain)?\.ts$/.test(tool.entry)

/** Runs a group; `onResult` hears of each job when it is done. */
export async function runGroup(
  { rounds, jobs }: Group,
  seed: number,
  onResult: (result: Result, done: number, all: number) => void,
): Promise<Result[]> {
  const random = createRandom(seed)
  const results: Result[] = []
  for (let round = 0; round < rounds; round++) {
    for (const job of shuffled(jobs, random)) {
      const result = await runJob(job)
      results.push(result)
      onResult(result, results.length, rounds * jobs.length)
    }
  }
  return results
}
