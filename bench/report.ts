/** The page of results. */
import { arch, cpus, release, totalmem, type } from 'node:os'
import { versionOf } from './paths.ts'
import * as tables from './tables.ts'
import { type Measured, targetsTable } from './targets.ts'

const PACKAGES = ['vite', 'vite-node', 'tsx', 'esbuild', 'nodemon', 'env-runner', 'hot-hook', '@nestjs/core', 'typeorm']

/** The results, for a reader who knows nothing of them. `form` is the command that was run. */
export function report(measured: Measured, form: string, date: Date): string {
  const { main, nest, sizes, link, growth, starts, script, soon, requests } = measured
  const sections = [
    `# Results of the benchmarks

\`${form}\`, ${date.toISOString().slice(0, 10)}; ${machine()}.
${PACKAGES.map((name) => `${name} ${versionOf(name)}`).join(', ')}.

Times are medians with the smallest and the largest in brackets. All tools of a table took turns in one run, in another order each
round; compare within a table only. What was done is described at the end.`,
    `## Targets

${targetsTable(measured)}`,
  ]
  if (main) {
    sections.push(`## 1,000 modules

![Times of the main tools](plot.svg)

${tables.timesTable(main, tables.casesOf(main))}

What an update costs beside time: modules evaluated, the longest time without any answer, and whether the app kept its state.

${tables.effectsTable(main)}

After the start (the app process after a garbage collection; where a tool runs the app in its own process there is no rest):

${tables.usageTable(main)}`)
  }
  if (nest) {
    sections.push(`## NestJS with TypeORM

Little code of its own, much of others: most of a start is spent in packages. The edit is one of a service.

${tables.timesTable(nest, tables.casesOf(nest))}

${tables.usageTable(nest)}`)
  }
  if (sizes) sections.push(`## Size\n\n${tables.sizesTable(sizes)}`)
  if (starts) {
    sections.push(`## Second start

The same app again, with what the first start has left (with plugins: the first two), and a save of the leaf at its first answer.

${tables.sizesTable(starts, ['cold', 'again', 'first'])}`)
  }
  if (script) {
    sections.push(`## A script of one line

From the command to its end, with \`--once\` where a tool has that.

${tables.timesTable(script, ['cold', 'again'])}`)
  }
  if (soon) {
    sections.push(`## A restart soon after a restart

A file that nobody accepts is saved 150 ms after the answer of the last restart.

${tables.timesTable(soon, ['cold', 'soon'])}`)
  }
  if (requests) {
    sections.push(`## Requests over restarts

Four clients ask as soon as they have an answer, while saves that nobody accepts restart an app of 100 modules. Failed: refused, cut, or
answered with a status from 500 on.

${tables.requestsTable(requests)}`)
  }
  if (link) {
    sections.push(`## The link

The app process is connected through a proxy that delays each way by half of the round trip time and counts WebSocket messages and
bytes, both ways. ModuleRunner has 100 modules where it would take minutes with 1,000.

${tables.linkTable(link)}

What passes, which does not depend on the round trip time:

${tables.trafficTable(link)}`)
  }
  if (growth) {
    sections.push(`## Memory over many updates

The app process, after a garbage collection, 50 updates after the start and again after these.

${tables.growthTable(growth)}`)
  }
  return `${[...sections, METHOD].join('\n\n')}\n`
}

const METHOD = `## What was done

The generated app has modules of some 56 lines, about 4 imports each, which form features below one routes module and utilities below
those. Its entry listens on a port, and accepts updates of the routes module where the tool has such an API. A *leaf* imports nothing
and has some 25 modules between it and the routes, *mid* has 8, the *shared* utility 54 % of all modules. *Nobody accepts* is a save of
a module that only the entry imports: vite-tether and the watchers replace the process; ModuleRunner, vite-node and the attached
vite-tether evaluate all modules again in the same process, beside what the old ones have left open. Each answer holds a value that is
computed from all modules, so that only an app with all of the right code gives the right one.

A time runs from the start of the tool's command, or from the write of the file, to the arrival of the first right answer over http. One
connection asks again 2 ms after each answer or refusal, or after 1 % of the time waited so far (at most 20 ms), and gives up a question
after 250 ms. Each start has a fresh folder, no caches and a temporary folder of its own, but for a *second start*, which has those of
the first one. Between a start, an answer and the next save are the same pauses for every tool. Plain node runs what was built before
its time began. CPU is that of processes that somebody waited for. The rest of vite-tether is Vite and the next app process, which is
kept ready.
`

function machine(): string {
  const [cpu] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} x ${cpu?.model.trim() || arch()}, ${memory} GiB, ${type()} ${release()}, Node ${process.version}`
}
