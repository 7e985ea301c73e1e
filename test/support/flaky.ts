/** Seeded randomness, so that every failure can be repeated. */
export interface Random {
  /** A number in [0, 1). */
  (): number
  /** An integer from 0 to `n - 1`. */
  below(n: number): number
  /** True with probability `p`. */
  chance(p: number): boolean
  /** One of the keys of `weights`, as often as its weight says. */
  pick<K extends string>(weights: Record<K, number>): K
}

/** The same seed gives the same numbers. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    // an LCG with a mixed output: short, and good enough to scatter faults
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    let x = state
    x = Math.imul(x ^ (x >>> 16), 0x45d9f3b) >>> 0
    x = Math.imul(x ^ (x >>> 16), 0x45d9f3b) >>> 0
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32
  }
  return Object.assign(next, {
    below: (n: number) => Math.floor(next() * n),
    chance: (p: number) => next() < p,
    pick<K extends string>(weights: Record<K, number>): K {
      const entries = Object.entries(weights) as [K, number][]
      let rest = next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
      for (const [key, weight] of entries) {
        rest -= weight
        if (rest < 0) return key
      }
      return entries.at(-1)![0]
    },
  })
}

/** Seeds 1 to `count`, or the one of the environment variable SEED. */
export function seeds(count: number): number[] {
  const only = process.env.SEED
  return only ? [Number(only)] : Array.from({ length: count }, (_, i) => i + 1)
}

/** The seeds of the environment variable TETHER_SEED, a number or a range as `1-20`; else those of `usual`. */
export function seedsOf(usual: string): number[] {
  const [from, to = from] = (process.env.TETHER_SEED ?? usual).split('-').map(Number)
  return Array.from({ length: to! - from! + 1 }, (_, index) => from! + index)
}

/** Runs `check`; an error names the one line that repeats it. */
export async function repeatable(seed: number, file: string, check: () => unknown): Promise<void> {
  try {
    await check()
  } catch (cause) {
    throw new Error(`repeat with: SEED=${seed} npx vitest run ${file}\n${(cause as Error).message}`, { cause })
  }
}
