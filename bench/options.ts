/** The command line of the benchmarks. */
import { parseArgs } from 'node:util'
import { type Case, TOOLS } from './tools.ts'

/** What is to be measured. */
export interface Options {
  full: boolean
  cases: Case[]
  tools: string[]
  rounds: number
  edits: number
  modules: number
  seed: number
}

const CASES: readonly Case[] = ['cold', 'leaf', 'mid', 'shared', 'unaccepted', 'restart']

/** Help of the command. */
export const HELP = `npm run bench -- [options]

  --full            everything, 25 minutes; without it the short form
  --only a,b        only these cases: ${CASES.join(', ')}
  --tools a,b       only these tools: ${TOOLS.map((tool) => tool.name).join(', ')}
  --rounds n        rounds of the comparison (3)
  --edits n         edits of each kind in a round (3)
  --modules n       size of the generated app (1000)
  --seed n          seed of the app and of the order of tools (1)
`

/** Reads `args`. Throws a message for people. */
export function parseOptions(args: string[]): Options | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      full: { type: 'boolean', default: false },
      only: { type: 'string' },
      tools: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      edits: { type: 'string', default: '3' },
      modules: { type: 'string', default: '1000' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return 'help'
  return {
    full: values.full,
    cases: oneOf('--only', values.only, CASES),
    tools: oneOf(
      '--tools',
      values.tools,
      TOOLS.map((tool) => tool.name),
    ),
    rounds: integer('--rounds', values.rounds, 1),
    edits: integer('--edits', values.edits, 1),
    modules: integer('--modules', values.modules, 60),
    seed: integer('--seed', values.seed, 0),
  }
}

function oneOf<T extends string>(flag: string, given: string | undefined, known: readonly T[]): T[] {
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
