/** The targets, and what was measured of them: ratios within one run. */
import type { GroupName } from './groups.ts'
import { Results } from './results.ts'
import { count, mib, ms, ratio, table, times } from './table.ts'
import type { Case } from './tools.ts'

/** Results by group. */
export type Measured = Partial<Record<GroupName, Results>>

interface Target {
  what: string
  target: string
  measured: string
  /** `undefined`: not measured. */
  isMet: boolean | undefined
}

/** Targets as a table. */
export function targetsTable(measured: Measured): string {
  const mark = { true: 'yes', false: '**no**', undefined: 'not measured' }
  const rows = targets(measured).map(({ what, target, measured: text, isMet }) => [
    what,
    target,
    isMet === undefined ? '-' : text,
    mark[`${isMet}`],
  ])
  return table(['what', 'target', 'measured', 'met'], rows)
}

function targets(measured: Measured): Target[] {
  const none = new Results([])
  const { main: all = none, nest: app = none, sizes: bySize = none, link: wire = none, growth: grown = none } = measured
  const { starts = none, script = none, soon = none, requests = none } = measured
  const of = (tool: string, name: Case, results = all) => results.figure({ tool }, name)
  const size = (modules: number, name: Case) => bySize.figure({ tool: 'tether', modules }, name)
  const perModule = (from: number, to: number) => ratio(difference(size(to, 'cold'), size(from, 'cold')), to - from)
  const far = (rtt: number, name: Case) => wire.figure({ tool: 'tether-attached', modules: 1000, rtt }, name)
  const traffic = (what: 'bytes' | 'messages') =>
    wire.figure({ tool: 'tether-attached', modules: 1000, rtt: 0 }, 'cold', (sample) => sample.traffic?.[what])
  const updates = grown.growth({ tool: 'tether' })
  const memory = (tool: string) => all.total({ tool }, ({ usage, memory }) => usage?.app ?? memory?.rss)
  const tree = (tool: string) => all.total({ tool }, ({ usage }) => usage && usage.app + usage.tool)
  const again = (size: number, most: number, peer: string, title: string) => {
    const second = (tool: string) => starts.figure({ tool, modules: size }, 'again')
    return atMost(`second start, ${count(size)} modules / ${title}`, most, second('tether'), second(peer))
  }
  const late = ratio(difference(far(40, 'leaf'), far(0, 'leaf')), 40)

  return [
    ...(['leaf', 'mid'] as const).map((name) =>
      atMost(`${name} update / ModuleRunner in process`, 1, of('tether', name), of('runner', name)),
    ),
    atMost('shared update / ModuleRunner in process', 0.5, of('tether', 'shared'), of('runner', 'shared')),
    atMost('nobody accepts -> restarted / tsx watch', 0.3, of('tether', 'unaccepted'), of('tsx', 'unaccepted')),
    atMost('nobody accepts / esbuild + respawn', 0.5, of('tether', 'unaccepted'), of('esbuild', 'unaccepted')),
    atMost('nobody accepts / start of plain node, one bundle', 1, of('tether', 'unaccepted'), of('bundle', 'cold')),
    atMost('NestJS, nobody accepts / tsx watch', 0.6, of('tether', 'unaccepted', app), of('tsx', 'unaccepted', app)),
    atMost(
      'NestJS, nobody accepts / start of plain node',
      1.1,
      of('tether', 'unaccepted', app),
      of('plain', 'cold', app),
    ),
    atMost(
      "`hub.restart()` / ws ModuleRunner's restart",
      0.25,
      of('tether-api', 'restart'),
      of('runner-ws', 'restart'),
    ),
    atMost('cold start / ModuleRunner in process', 0.6, of('tether', 'cold'), of('runner', 'cold')),
    atMost('cold start / tsx watch', 0.8, of('tether', 'cold'), of('tsx', 'cold')),
    again(60, 0.5, 'tsx', 'tsx watch'),
    again(1000, 0.25, 'tsx', 'tsx watch'),
    again(100, 1.4, 'plain', 'plain node unbundled'),
    again(1000, 0.7, 'plain', 'plain node unbundled'),
    atMost('a script of one line, again / tsx', 0.75, of('tether', 'again', script), of('tsx', 'again', script)),
    atMost('restart 150 ms after a restart / tsx watch', 0.2, of('tether', 'soon', soon), of('tsx', 'soon', soon)),
    ...(['fresh', 'kept'] as const).map((kind) => {
      const what = `failed requests over restarts, ${kind === 'fresh' ? 'a connection for each' : 'kept connections'}`
      return limit(what, 0, requests.requests({ tool: 'tether' }, kind)?.failed, count)
    }),
    atMost('cold start, RTT 40 ms / RTT 0', 1.1, far(40, 'cold'), far(0, 'cold')),
    {
      what: 'leaf update, RTT 40 ms, above RTT 0',
      target: '<= 1.5 RTT',
      measured: `${late?.toFixed(2)} RTT (${ms(far(40, 'leaf'))} and ${ms(far(0, 'leaf'))})`,
      isMet: late === undefined ? undefined : late <= 1.5,
    },
    atMost('leaf update, 3,000 modules / 100', 1.3, size(3000, 'leaf'), size(100, 'leaf')),
    atMost('cold start per module, 1,000 to 3,000 / 100 to 1,000', 1.1, perModule(1000, 3000), perModule(100, 1000)),
    atMost('app process, RSS after start / plain node unbundled', 1.25, memory('tether'), memory('plain'), mib),
    atMost('all processes, RSS after start / ModuleRunner in process', 1.4, tree('tether'), tree('runner'), mib),
    limit(`RSS growth over ${updates?.updates ?? 500} updates, after GC`, 10 * 2 ** 20, updates?.rss, mib),
    limit('messages on the wire, cold start, 1,000 modules', 50, traffic('messages'), count),
    limit('bytes on the wire per module, cold start', 3072, ratio(traffic('bytes'), 1000), count),
  ]
}

function atMost(what: string, most: number, a: number | undefined, b: number | undefined, unit = ms): Target {
  const factor = ratio(a, b)
  const isMet = factor === undefined ? undefined : factor <= most
  return { what, target: `<= ${most}x`, measured: `${times(factor)} (${unit(a)} / ${unit(b)})`, isMet }
}

function limit(
  what: string,
  most: number,
  value: number | undefined,
  unit: (value: number | undefined) => string,
): Target {
  return {
    what,
    target: `<= ${unit(most)}`,
    measured: unit(value),
    isMet: value === undefined ? undefined : value <= most,
  }
}

const difference = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a - b
