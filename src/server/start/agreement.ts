/**
 * Compares what this server process has made with what the last one has made of the same inputs. Nothing is used before two have agreed, and
 * code that plugins have had a hand in only if two have made the same of the same source: of one that is not deterministic nobody knows
 * otherwise.
 */
import { readFileSync } from 'node:fs'
import type { ModuleId } from '../../shared/types.ts'
import { digestOf, type Expected, KINDS, type Proof, stillTrue } from '../../shared/util/file-proof.ts'

/** Module -> digest of its source, hash of its code, and whether plugins have had a hand in it. */
export type Made = Record<ModuleId, [source: string, code: string, isTouched: boolean]>

/** The reads and the code that a process leaves for the next one. */
interface Seen {
  proof: Proof
  made: Made
  /** Modules of which two processes have made different code, with their sources. */
  unsteady: Record<ModuleId, string>
}

/** The outcome of a comparison. */
export interface Agreed {
  /** The files that both have read. */
  proof: Proof
  /** Modules of which both have made the same, and those that no plugin has touched. */
  ids: ReadonlySet<ModuleId>
}

/** The comparison with the process before this one. */
export class Agreement {
  readonly #before: Seen | undefined

  /** `path`: of the file that the last process has left. */
  constructor(path: string) {
    this.#before = read(path)
  }

  /** Returns what both agree on, or why nothing may be used; and the text for the next process. */
  compare(proof: Proof, made: Made): { text: string; agreed: Agreed | string } {
    const before = this.#before
    if (!before || differ(before.proof, proof))
      return { text: write({ proof, made, unsteady: {} }), agreed: 'another server process must make the same' }
    const same = Object.keys(made).filter(
      (id) => Object.hasOwn(before.made, id) && before.made[id]![0] === made[id]![0],
    )
    const unsteady = Object.entries(before.unsteady).filter(([id, source]) => made[id]?.[0] === source)
    for (const id of same) if (before.made[id]![1] !== made[id]![1]) unsteady.push([id, made[id]![0]])
    const joined = join(before.proof, proof)
    const text = write({
      proof: joined,
      made: { ...before.made, ...made },
      unsteady: Object.fromEntries(unsteady),
    })
    const untouched = Object.keys(made).filter((id) => !made[id]![2])
    const agreed = { proof: joined, ids: new Set([...same, ...untouched]) }
    const [one] = unsteady
    return { text, agreed: one ? `${one[0]}: two server processes have made different code of it` : agreed }
  }
}

/** `true` if something that both have read is not the same for both. */
function differ(before: Proof, now: Proof): boolean {
  return KINDS.some((kind) => {
    const was = new Map(before[kind])
    return now[kind].some(([path, is]) => was.has(path) && was.get(path) !== is)
  })
}

/** All that one of them has read, but not what has changed since and this one does not read. */
function join(before: Proof, now: Proof): Proof {
  const joined = KINDS.map((kind) => {
    const own = new Set(now[kind].map(([path]) => path))
    const others = before[kind].filter((each) => !own.has(each[0]) && stillTrue(kind, each))
    return [kind, [...now[kind], ...others] satisfies Expected[]]
  })
  return Object.fromEntries(joined) as Proof
}

function write(seen: Seen): string {
  const text = JSON.stringify(seen)
  return `${digestOf(text)}\n${text}`
}

function read(path: string): Seen | undefined {
  try {
    const [digest, text = ''] = readFileSync(path, 'utf8').split('\n')
    return digestOf(text) === digest ? (JSON.parse(text) as Seen) : undefined
  } catch {
    return undefined
  }
}
