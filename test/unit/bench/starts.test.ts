import { expect, test } from 'vitest'
import { groupsOf } from '../../../bench/groups.ts'
import { parseOptions } from '../../../bench/options.ts'
import { report } from '../../../bench/report.ts'
import { Results } from '../../../bench/results.ts'
import type { Job, Result } from '../../../bench/round.ts'
import { targetsTable } from '../../../bench/targets.ts'

const groups = groupsOf(parse(['--starts']))

function parse(args: string[]) {
  const options = parseOptions(args)
  if (options === 'help') throw new Error('expected options')
  return options
}

/** The figures that a job would have measured, if each of its cases took `ms`. */
const result = (job: Job, ms: number): Result => ({
  job,
  samples: job.cases.map((name) => ({ case: name, ms, silence: ms, isKept: false, evaluated: 1 })),
  failed: {},
})

/** Each group, with vite-tether a quarter as slow as the others. */
const measured = Object.fromEntries(
  groups.map(({ name, jobs }) => [
    name,
    new Results(jobs.map((job) => result(job, job.tool.name === 'tether' ? 100 : 400))),
  ]),
)

test('second starts, a script and quick restarts can be measured alone, each against its peers', () => {
  expect(groups.map(({ name }) => name)).toEqual(['starts', 'script', 'soon'])
  for (const { jobs } of groups) expect(new Set(jobs.map(({ tool }) => tool.name))).toContain('tsx')
  expect(new Set(groups[0]!.jobs.map(({ modules }) => modules))).toEqual(new Set([60, 100, 1000]))
  expect(groupsOf(parse(['--full'])).map(({ name }) => name)).toEqual(expect.arrayContaining(['starts', 'growth']))
  // nobody else is measured by what only these are
  expect(groupsOf(parse([]))[0]!.jobs.flatMap(({ cases }) => cases)).not.toContain('again')
})

test('their targets are ratios of second starts, of scripts, and of the second of two restarts', () => {
  const rows = targetsTable(measured).split('\n')
  const row = (what: string) => rows.find((line) => line.startsWith(`| ${what}`))
  expect(row('second start, 60 modules / tsx watch')).toContain('| <= 0.5x | 0.25x (100 ms / 400 ms) | yes |')
  expect(row('second start, 1,000 modules / plain node')).toContain('0.25x')
  expect(row('a script of one line, again / tsx')).toContain('| yes |')
  expect(row('restart 150 ms after a restart / tsx watch')).toContain('| <= 0.2x | 0.25x (100 ms / 400 ms) | **no** |')
})

test('the report has a table of each', () => {
  const text = report(measured, 'npm run bench -- --starts', new Date(0))
  expect(text).toContain('| tool | 60: cold start | second start | save at once | 100: cold start |')
  expect(text).toContain('## A script of one line')
  expect(text).toContain('| tool | cold start | restart 150 ms after a restart |')
})
