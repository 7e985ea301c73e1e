/** The benchmarks: `npm run bench`, `npm run bench -- --help`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { groupsOf, runGroup } from './groups.ts'
import { HELP, type Options, parseOptions } from './options.ts'
import { BENCH } from './paths.ts'
import { plot } from './plot.ts'
import { stopAll } from './processes.ts'
import { report } from './report.ts'
import { Results } from './results.ts'
import type { Result } from './round.ts'
import { count, ms } from './table.ts'
import * as tables from './tables.ts'
import type { Measured } from './targets.ts'

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, async () => {
    await stopAll()
    process.exit(130)
  })
}

const options = read(process.argv.slice(2))
if (options) await run(options)

function read(args: string[]): Options | undefined {
  try {
    const parsed = parseOptions(args)
    if (parsed !== 'help') return parsed
    console.log(HELP)
  } catch (error) {
    console.error((error as Error).message)
    process.exitCode = 2
  }
  return undefined
}

async function run(options: Options): Promise<void> {
  const began = new Date()
  const measured: Measured = {}
  for (const group of groupsOf(options)) {
    const results = await runGroup(group, options.seed, (result, done, all) => {
      console.log(`${group.name} ${done}/${all} ${line(result)}`)
    })
    measured[group.name] = new Results([...(measured[group.name]?.all ?? []), ...results])
    // after each, so that a run that is broken off leaves what it has
    if (measured.main) write(measured, options, began)
  }
  console.log(`${Math.round((Date.now() - began.getTime()) / 1000)} s\n`)
  if (measured.chosen) print(measured.chosen)
  else if (!measured.main) console.log(report(measured, 'npm run bench -- --starts', began))
}

function write(measured: Measured, { full }: Options, began: Date): void {
  writeFileSync(join(BENCH, 'RESULTS.md'), report(measured, full ? 'npm run bench -- --full' : 'npm run bench', began))
  writeFileSync(join(BENCH, 'plot.svg'), plot(measured.main!))
}

function print(results: Results): void {
  const { rtt, growth, requests } = results.all[0]!.job
  console.log(tables.timesTable(results, tables.casesOf(results)), '\n')
  console.log(tables.effectsTable(results), '\n')
  console.log(tables.usageTable(results), '\n')
  if (rtt !== undefined) console.log(tables.trafficTable(results), '\n')
  if (growth) console.log(tables.growthTable(results), '\n')
  if (requests) console.log(tables.requestsTable(results), '\n')
}

/** One job, for whoever watches. */
function line({ job, samples, growth, requests, failed }: Result): string {
  const { tool, modules, rtt } = job
  const name = [tool.title, job.app === 'nest' ? 'NestJS' : count(modules), rtt === undefined ? '' : `RTT ${rtt}`]
  const figures = samples.map((sample) => `${sample.case} ${ms(sample.ms)}`)
  const failures = Object.entries(failed).map(([each, why]) => `${each} FAILED: ${why}`)
  const updates = growth ? [`${growth.updates} updates`] : []
  const lost = requests ? [`${requests.fresh.failed + requests.kept.failed} requests failed`] : []
  return `${name.filter(Boolean).join(', ')}: ${[...figures, ...updates, ...lost, ...failures].join(', ')}`
}
