/** The benchmarks: `npm run bench`, `npm run bench -- --help`. */
import { HELP, parseOptions } from './options.ts'
import { stopAll } from './processes.ts'
import { createRandom, shuffled } from './random.ts'
import { type Round, runRound, type Sample } from './round.ts'
import { median, range } from './statistics.ts'
import { TOOLS } from './tools.ts'

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await stopAll()
    process.exit(130)
  })
}

const options = parseOptions(process.argv.slice(2))
if (options === 'help') {
  process.stdout.write(HELP)
} else {
  const tools = TOOLS.filter((tool) => options.tools.includes(tool.name))
  const random = createRandom(options.seed)
  const samples: Sample[] = []
  const rounds: (Round & { tool: string })[] = []
  for (let each = 1; each <= options.rounds; each++) {
    for (const tool of shuffled(tools, random)) {
      const round = await runRound(tool, options)
      samples.push(...round.samples)
      rounds.push({ ...round, tool: tool.name })
      const text = options.cases.map((name) => {
        const own = round.samples.filter((sample) => sample.case === name).map((sample) => Math.round(sample.ms))
        return `${name} ${own.join(' ') || tool.not[name] || round.failed[name] || '-'}`
      })
      console.log(`${each}/${options.rounds} ${tool.title}: ${text.join(', ')}`)
    }
  }
  for (const name of options.cases) {
    console.log(`\n${name}`)
    for (const tool of tools) {
      const own = samples.filter((sample) => sample.tool === tool.name && sample.case === name)
      const ms = own.map((sample) => sample.ms)
      const [from, to] = range(ms) ?? []
      if (own.length === 0) continue
      const silence = median(own.map((sample) => sample.silence))
      const evaluated = median(own.map((sample) => sample.evaluated))
      console.log(
        `  ${tool.title.padEnd(26)} ${median(ms)?.toFixed(0)} ms (${from?.toFixed(0)}-${to?.toFixed(0)})` +
          `  evaluated ${evaluated}  silent ${silence?.toFixed(0)} ms  state ${own.every((each) => each.isKept) ? 'kept' : 'lost'}`,
      )
    }
  }
  for (const tool of tools) {
    const own = rounds.filter((round) => round.tool === tool.name)
    const mib = (values: number[]) => ((median(values) ?? 0) / 2 ** 20).toFixed(0)
    const usage = own.flatMap((round) => round.usage ?? [])
    console.log(
      `${tool.title.padEnd(26)} app ${mib(usage.map((each) => each.app))} MiB, tool ${mib(usage.map((each) => each.tool))} MiB, cpu ${median(usage.map((each) => each.cpu))?.toFixed(1)} s`,
    )
  }
}
