import { expect, test } from 'vitest'
import { plot } from '../../../bench/plot.ts'
import { report } from '../../../bench/report.ts'
import { Results } from '../../../bench/results.ts'
import type { Job, Result, Sample } from '../../../bench/round.ts'
import { targetsTable } from '../../../bench/targets.ts'
import { type Case, TOOLS } from '../../../bench/tools.ts'

/** The figures that a tool would have measured: times by case. */
function result(tool: string, times: Partial<Record<Case, number[]>>, more: Partial<Job> = {}): Result {
  const samples = Object.entries(times).flatMap(([name, values]) =>
    values.map((ms): Sample => {
      const traffic = { bytes: 2_000_000, messages: 40 }
      return { case: name as Case, ms, silence: ms / 2, isKept: true, evaluated: 26, traffic }
    }),
  )
  const job: Job = {
    tool: TOOLS.find(({ name }) => name === tool)!,
    app: 'generated',
    modules: 1000,
    seed: 1,
    cases: Object.keys(times) as Case[],
    edits: 1,
    ...more,
  }
  return { job, samples, failed: {} }
}

const main = new Results([
  result('tether', { cold: [3000], leaf: [30, 20, 90], unaccepted: [900] }),
  result('runner', { cold: [5000], leaf: [40], unaccepted: [500] }),
  { ...result('tsx', { cold: [5000] }), failed: { leaf: 'not up to date after 30 s' } },
])

/** The cells of the row that begins with `what`. */
const row = (table: string, what: string): string[] | undefined =>
  table
    .split('\n')
    .find((line) => line.startsWith(`| ${what}`))
    ?.split('|')
    .slice(2, -1)
    .map((cell) => cell.trim())

test('a target is met or missed by the ratio of medians, or not measured', () => {
  const table = targetsTable({ main })
  expect(row(table, 'leaf update / ModuleRunner')).toEqual(['<= 1x', '0.75x (30 ms / 40 ms)', 'yes'])
  expect(row(table, 'cold start / tsx watch')).toEqual(['<= 0.8x', '0.60x (3,000 ms / 5,000 ms)', 'yes'])
  expect(
    row(
      targetsTable({ main: new Results([...main.all, result('esbuild', { unaccepted: [100] })]) }),
      'nobody accepts / esbuild',
    ),
  ).toEqual(['<= 0.5x', '9.00x (900 ms / 100 ms)', '**no**'])
  expect(row(table, 'mid update')).toEqual(['<= 1x', '-', 'not measured'])
  expect(row(table, 'leaf update, RTT 40')).toEqual(['<= 1.5 RTT', '-', 'not measured'])
})

test('the wait that a slow link adds is counted in round trips', () => {
  const far = (rtt: number, leaf: number) => result('tether-attached', { cold: [4000], leaf: [leaf] }, { rtt })
  const table = targetsTable({ link: new Results([far(0, 30), far(40, 74)]) })
  expect(row(table, 'leaf update, RTT 40')).toEqual(['<= 1.5 RTT', '1.10 RTT (74 ms and 30 ms)', 'yes'])
  expect(row(table, 'messages on the wire')).toEqual(['<= 50', '40', 'yes'])
  expect(row(table, 'bytes on the wire per module')).toEqual(['<= 3,072', '2,000', 'yes'])
})

test('requests over restarts are summed over the rounds', () => {
  const outcome = (failed: number, longest: number) => ({ all: 1000, failed, longest })
  const round = (tool: string, failed: number, longest: number): Result => ({
    ...result(tool, {}),
    requests: { fresh: outcome(failed, longest), kept: outcome(0, 5) },
  })
  const requests = new Results([
    round('tether', 0, 300),
    round('tether', 1, 200),
    round('tsx', 700, 20),
    { ...result('nodemon', {}), failed: { requests: 'it has ended' } },
  ])
  const page = report({ main, requests }, 'npm run bench -- --full', new Date(0))
  expect(page).toContain('| vite-tether | **1** of 2,000 | 300 ms | **0** of 2,000 | 5 ms |')
  expect(page).toContain('| tsx watch | **700** of 1,000 | 20 ms | **0** of 1,000 | 5 ms |')
  expect(page).toContain('| nodemon, with tsx | failed: it has ended | - |')
  const table = targetsTable({ main, requests })
  expect(row(table, 'failed requests over restarts, a connection for each')).toEqual(['<= 0', '1', '**no**'])
  expect(row(table, 'failed requests over restarts, kept connections')).toEqual(['<= 0', '0', 'yes'])
})

test('a tool that failed has a row that says why', () => {
  expect(report({ main }, 'npm run bench', new Date(0))).toContain('failed: not up to date after 30 s')
})

test('all groups have their section, and the plot its bars', () => {
  const small = { cold: [900], leaf: [20] }
  const growth = { updates: 500, rss: 1e6, heap: 1e5, lost: 2 }
  const page = report(
    {
      main,
      nest: new Results([result('tether', { cold: [2000], unaccepted: [800] }, { app: 'nest' })]),
      sizes: new Results(
        [100, 1000, 3000].map((modules) => result('tether', { ...small, cold: [500 + modules] }, { modules })),
      ),
      link: new Results([0, 40].map((rtt) => result('runner-ws', small, { rtt, modules: 100 }))),
      growth: new Results([{ ...result('tether', { cold: [3000] }), growth }]),
    },
    'npm run bench -- --full',
    new Date(0),
  )
  expect(page.match(/^## .*/gm)).toEqual([
    '## Targets',
    '## 1,000 modules',
    '## NestJS with TypeORM',
    '## Size',
    '## The link',
    '## Memory over many updates',
    '## What was done',
  ])
  expect(page).not.toMatch(/undefined|NaN/)
  expect(page).toContain('| vite-tether | 500 | 1.0 MiB | 0.1 MiB | 2 |')
  expect(plot(main).match(/<rect /g)).toHaveLength(1 + 7)
})
