/** The seam of `vite-tether/hmr`: payloads come in on `message`, custom sends go out on `custom`. */
import { EventEmitter } from 'node:events'
import type { HotPayload } from 'vite'

/** A payload of Vite; from our own plugin it also says which modules Vite was asked to update. */
export type HMRPayload = HotPayload & {
  /** Ids of the modules that changed. Without them the update is worked out from the payload's own URLs. */
  seeds?: string[]
}

/** Events of an {@link HMREmitter}, with their arguments. */
export interface HMREvents {
  /** A payload of the server for the runner. */
  message: [payload: HMRPayload]
  /** A custom event of the runner for the server: Vite's `CustomPayload` as JSON text. */
  custom: [json: string]
}

/** An `EventEmitter` with `message` (payloads in) and `custom` (sends out). */
export type HMREmitter = EventEmitter<HMREvents>

/** Makes the emitter that `viteNodeHmrPlugin` puts on the server, or one to feed by hand. */
export function createHmrEmitter(): HMREmitter {
  return new EventEmitter<HMREvents>()
}
