/** Figures out of results. */
import type { Growth } from './growth.ts'
import type { Outcome, Requests } from './requests.ts'
import type { Job, Result, Sample } from './round.ts'
import { median } from './statistics.ts'
import type { Case } from './tools.ts'

/** Which jobs are meant: those of a tool, of a size, with a round trip time. */
export type Which = { tool: string } & Partial<Pick<Job, 'modules' | 'rtt'>>

/** The results of one group. */
export class Results {
  readonly all: readonly Result[]

  constructor(all: readonly Result[]) {
    this.all = all
  }

  of({ tool, modules, rtt }: Which): Result[] {
    return this.all.filter(({ job }) => {
      return job.tool.name === tool && (modules ?? job.modules) === job.modules && (rtt ?? job.rtt) === job.rtt
    })
  }

  samples(which: Which, name: Case): Sample[] {
    return this.of(which).flatMap((result) => result.samples.filter((sample) => sample.case === name))
  }

  /** The median of what `read` says of each sample. */
  figure(which: Which, name: Case, read: (sample: Sample) => number | undefined = ({ ms }) => ms): number | undefined {
    return median(this.samples(which, name).flatMap((sample) => read(sample) ?? []))
  }

  /** The median of what `read` says of each result. */
  total(which: Which, read: (result: Result) => number | undefined): number | undefined {
    return median(this.of(which).flatMap((result) => read(result) ?? []))
  }

  growth(which: Which): Growth | undefined {
    return this.of(which).find((result) => result.growth)?.growth
  }

  /** Of all rounds together. */
  requests(which: Which, kind: keyof Requests): Outcome | undefined {
    const outcomes = this.of(which).flatMap(({ requests }) => requests?.[kind] ?? [])
    if (outcomes.length === 0) return undefined
    return {
      all: outcomes.reduce((sum, { all }) => sum + all, 0),
      failed: outcomes.reduce((sum, { failed }) => sum + failed, 0),
      longest: Math.max(...outcomes.map(({ longest }) => longest)),
    }
  }

  /** Why there is no figure. */
  failure(which: Which, name: Case | 'growth' | 'requests'): string | undefined {
    return this.of(which).find((result) => result.failed[name])?.failed[name]
  }
}
