/** Beside its modules these take part in the updates of a runner: its ports, and what it keeps. */
import { getEngine } from '../hmr/engine.ts'
import { type Participant, together } from '../hmr/participant.ts'
import { holdsData } from '../hmr/registrations.ts'
import { KeptValues } from '../keep/kept-values.ts'
import { hookTakeover } from '../ports/open-takeover.ts'
import { takePartIn } from '../ports/takeover-update.ts'
import type { TetherNodeRunner } from './node-runner.ts'

/** Makes them. @param isAlone nothing but the app of this runner runs in this process */
export function createParticipants(
  runner: TetherNodeRunner,
  isAlone: boolean,
): { kept: KeptValues; participant: Participant } {
  const engine = getEngine(runner)
  const { runtime, cache, limits } = engine
  const takeover = hookTakeover()
  const ports = takePartIn(takeover, {
    onStack: () => runner.onStack(),
    node: (id) => runtime.node(id),
    holds: (server) => holdsData(cache, server),
    isAlone,
    disposes: (ids) => [...ids].some((id) => cache.disposeMap.has(id)),
    patience: limits.callback,
  })
  const kept = new KeptValues(engine, (create) => takeover.origins.keeping(create))
  return { kept, participant: together([ports, kept]) }
}
