/** The tables of the report. */
import type { Results, Which } from './results.ts'
import type { Job, Result, Sample } from './round.ts'
import { range } from './statistics.ts'
import { count, kib, mib, ms, seconds, table } from './table.ts'
import { CASES, type Case, TOOLS, type Tool } from './tools.ts'

const HEADS: Record<Case, string> = {
  cold: 'cold start',
  leaf: 'leaf saved',
  mid: 'mid saved',
  shared: 'shared saved',
  unaccepted: 'nobody accepts',
  restart: 'restart asked for',
  soon: 'restart 150 ms after a restart',
  again: 'second start',
  first: 'save at once',
}

/** Median and range of each case, tools as rows. */
export function timesTable(results: Results, cases: readonly Case[]): string {
  return table(['tool', ...cases.map((name) => HEADS[name])], rows(results, cases, timeCell))
}

/** The costs of an update beside its time. */
export function effectsTable(results: Results): string {
  const cases: Case[] = ['leaf', 'shared', 'unaccepted']
  const head = cases.flatMap((name) => [`${HEADS[name]}: evaluated`, 'unreachable', 'state'])
  const body = tools(results).map((tool) => {
    const which = { tool: tool.name }
    return cases.flatMap((name) => {
      const samples = results.samples(which, name)
      if (samples.length === 0) return ['-', '-', '-']
      const read = (of: (sample: Sample) => number) => results.figure(which, name, of)
      const state = samples.every((sample) => sample.isKept) ? 'kept' : 'lost'
      return [count(read((sample) => sample.evaluated)), ms(read((sample) => sample.silence)), state]
    })
  })
  const titled = tools(results).map((tool, row) => [tool.title, ...body[row]!])
  return table(
    ['tool', ...head],
    titled.filter((row) => row.slice(1).some((cell) => cell !== '-')),
  )
}

/** Memory and CPU after the start. */
export function usageTable(results: Results): string {
  const head = ['tool', 'app process', 'its heap', 'the rest of the tool', 'all of it', 'CPU of start', 'of an edit']
  const body = tools(results).map((tool) => {
    const read = (of: (result: Result) => number | undefined) => results.total({ tool: tool.name }, of)
    return [
      tool.title,
      mib(read(({ usage, memory }) => usage?.app ?? memory?.rss)),
      mib(read(({ memory }) => memory?.heapUsed)),
      mib(read(({ usage }) => usage?.tool)),
      mib(read(({ usage }) => usage && usage.app + usage.tool)),
      seconds(read(({ usage }) => usage?.cpu)),
      seconds(read(({ editing }) => editing)),
    ]
  })
  return table(head, body)
}

/** One row for each tool and size: how the cost grows. */
export function sizesTable(results: Results, cases: readonly Case[] = ['cold', 'leaf']): string {
  const sizes = [...new Set(results.all.map(({ job }) => job.modules))].sort((a, b) => a - b)
  const head = [
    'tool',
    ...sizes.flatMap((size) => cases.map((name, at) => `${at ? '' : `${count(size)}: `}${HEADS[name]}`)),
  ]
  const body = tools(results).map((tool) => [
    tool.title,
    ...sizes.flatMap((modules) => {
      const which = { tool: tool.name, modules }
      return cases.map((name) => timeCell(results, which, name))
    }),
  ])
  return table(head, body)
}

/** Times over a link, by round trip time. */
export function linkTable(results: Results): string {
  const cases = casesOf(results)
  const body = links(results).map(({ tool, modules, rtt = 0 }) => {
    const which = { tool: tool.name, modules, rtt }
    return [tool.title, count(modules), `${rtt} ms`, ...cases.map((name) => timeCell(results, which, name))]
  })
  return table(['tool', 'modules', 'RTT', ...cases.map((name) => HEADS[name])], body)
}

/** Bytes and messages over a link; they do not depend on the round trip time, so one is enough. */
export function trafficTable(results: Results): string {
  const cases = casesOf(results)
  const least = Math.min(...results.all.map(({ job }) => job.rtt ?? 0))
  const body = links(results)
    .filter(({ rtt }) => rtt === least)
    .map(({ tool, modules }) => {
      const which = { tool: tool.name, modules, rtt: least }
      const cells = cases.flatMap((name) => {
        const read = (what: 'bytes' | 'messages') => results.figure(which, name, ({ traffic }) => traffic?.[what])
        return [count(read('messages')), kib(read('bytes'))]
      })
      return [tool.title, count(modules), ...cells]
    })
  return table(['tool', 'modules', ...cases.flatMap((name) => [`${HEADS[name]}: messages`, 'KiB'])], body)
}

function links(results: Results): Job[] {
  const jobs = [...new Map(results.all.map(({ job }) => [`${job.tool.name} ${job.modules} ${job.rtt}`, job])).values()]
  const order = ({ tool }: Job) => TOOLS.indexOf(tool)
  return jobs.sort((a, b) => order(a) - order(b) || a.modules - b.modules || (a.rtt ?? 0) - (b.rtt ?? 0))
}

/** Memory over many updates. */
export function growthTable(results: Results): string {
  const body = tools(results).map(({ name, title }) => {
    const growth = results.growth({ tool: name })
    const failed = results.failure({ tool: name }, 'growth')
    return [
      title,
      failed ? `failed: ${failed.slice(0, 80)}` : count(growth?.updates),
      mib(growth?.rss),
      mib(growth?.heap),
      count(growth?.lost),
    ]
  })
  return table(['tool', 'leaf updates', 'RSS grown by', 'heap grown by', 'saves without effect'], body)
}

/** Restarts as clients see them. */
export function requestsTable(results: Results): string {
  const kinds = { fresh: 'a connection for each request', kept: 'kept connections' } as const
  const body = tools(results).map(({ name, title }) => [
    title,
    ...(['fresh', 'kept'] as const).flatMap((kind) => {
      const outcome = results.requests({ tool: name }, kind)
      if (!outcome) return [`failed: ${results.failure({ tool: name }, 'requests')?.slice(0, 80)}`, '-']
      return [`**${count(outcome.failed)}** of ${count(outcome.all)}`, ms(outcome.longest)]
    }),
  ])
  return table(['tool', ...Object.values(kinds).flatMap((kind) => [`${kind}: failed`, 'longest answered'])], body)
}

function rows(
  results: Results,
  cases: readonly Case[],
  cell: (results: Results, which: Which, name: Case, tool: Tool) => string,
): string[][] {
  return tools(results).map((tool) => [
    tool.title,
    ...cases.map((name) => cell(results, { tool: tool.name }, name, tool)),
  ])
}

function timeCell(results: Results, which: Which, name: Case, tool?: Tool): string {
  const figure = results.figure(which, name)
  const failed = results.failure(which, name)
  if (figure === undefined) return failed ? `failed: ${failed.slice(0, 80)}` : (tool?.not[name] ?? '-')
  const [from, to] = range(results.samples(which, name).map((sample) => sample.ms))!
  return `**${ms(figure)}** (${Math.round(from)}-${Math.round(to)})${failed ? ', once failed' : ''}`
}

const tools = (results: Results): Tool[] => TOOLS.filter((tool) => results.all.some(({ job }) => job.tool === tool))

/** The cases of which there are samples. */
export const casesOf = (results: Results): Case[] =>
  CASES.filter((name) => results.all.some(({ job }) => name === 'cold' || job.cases.includes(name)))
