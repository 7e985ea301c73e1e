/** The seam of `vite-tether/hmr`: payloads come in on `message`, custom sends go out on `custom`. */
import { EventEmitter } from 'node:events'
import type { HotPayload } from 'vite'

/** A payload of Vite; from our own plugin it also says which modules Vite was asked to update. */
export type HMRPayload = HotPayload & {
  /** Ids of the modules that changed. Without them the update is worked out from the payload's own URLs. */
  seeds?: string[]
}

/** What travels over an {@link HMREmitter}. `custom` carries a `CustomPayload` as JSON text. */
export interface HMREvents {
  message: [payload: HMRPayload]
  custom: [json: string]
}

/** An `EventEmitter` with `message` (payloads in) and `custom` (sends out). */
export type HMREmitter = EventEmitter<HMREvents>

/** Makes the emitter that `viteNodeHmrPlugin` puts on the server, or one to feed by hand. */
export function createHmrEmitter(): HMREmitter {
  return new EventEmitter<HMREvents>()
}
