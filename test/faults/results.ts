/** Writes `RESULTS.md` when the fault suite ends. Rows of checks that this run left out stay as they are. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import type { Reporter, TestCase, TestModule } from 'vitest/node'
import { CHECKS, type Check } from './plan.ts'

const FILE = join(import.meta.dirname, 'RESULTS.md')

const HEAD = `# Results of the fault suite

Written by \`npm run test:faults\`. Figures are as measured; the load is the machine's average over five minutes when the suite ended
(${cpus().length} processors), so figures of a busy machine can be told. Scale: which part of its full length a long check ran for
(\`TETHER_FAULTS_SCALE=1\` runs all of them at full length); nothing where there is only one. The checks are listed in \`plan.ts\`.

| check | what | target | measured | result | scale | seed | load | date |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |`

/** Reports to a file beside this one. */
export default class Results implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const before = readRows()
    const rows = CHECKS.map((check) => rowOf(check, modules) ?? before.get(check.id)).filter((row) => row !== undefined)
    writeFileSync(FILE, `${HEAD}\n${rows.join('\n')}\n`)
  }
}

function readRows(): Map<string, string> {
  const lines = existsSync(FILE) ? readFileSync(FILE, 'utf8').split('\n') : []
  return new Map(lines.flatMap((line) => (/^\| (F\d+\w?|HMR) \|/.exec(line) ? [[line.split(' ')[1]!, line]] : [])))
}

/** `undefined` if not all of the check's tests have run. */
function rowOf(check: Check, modules: readonly TestModule[]): string | undefined {
  const found: TestCase[] = []
  let isWhole = true
  for (const [file, titles] of Object.entries(check.tests)) {
    const tests = modules
      .filter(({ moduleId }) => moduleId.endsWith(file))
      .flatMap((each) => [...each.children.allTests()])
    const ran = tests.filter((test) => test.result().state !== 'skipped')
    if (ran.length < tests.length || ran.length === 0) return undefined
    for (const title of titles) {
      const matching = ran.filter(({ fullName }) => fullName.includes(title))
      found.push(...matching)
      if (matching.length === 0) isWhole = false
    }
  }
  const passed = found.filter((test) => test.result().state === 'passed').length
  const notes = found.flatMap((test) => test.meta().measured ?? [])
  const seconds = found.reduce((sum, test) => sum + (test.diagnostic()?.duration ?? 0), 0) / 1000
  const count = `${passed} of ${found.length} ${found.length === 1 ? 'test' : 'tests'}, ${seconds.toFixed(1)} s`
  const cells = [
    check.id,
    check.what,
    check.target,
    [...notes.map(({ figure }) => figure), count].join('; '),
    isWhole && passed === found.length ? 'pass' : '**fail**',
    notes.map(({ scale }) => scale ?? '').join(' '),
    check.seed ?? notes.map(({ seed }) => seed ?? '').join(' '),
    loadavg()[1]!.toFixed(1),
    new Date().toISOString().slice(0, 10),
  ]
  return `| ${cells.map((cell) => cell.trim().replaceAll('|', '\\|')).join(' | ')} |`
}
