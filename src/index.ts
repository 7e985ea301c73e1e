/** `vite-tether`: the Vite plugin and the hub's handle. */
export type {
  ExitDetails,
  HubEvents,
  RestartCause,
  RunnerState,
  RunnerView,
  StandbyView,
  StartOptions,
  TetherHub,
  UpdateTimes,
  WithheldSave,
} from './server/hub-types.ts'
export type { AttachOptions, ServeOptions, TetherOptions } from './server/options.ts'
export { tether } from './server/plugin/plugin.ts'
export { getTether } from './server/plugin/registry.ts'
export { type ErrorCode, type FlatError, TetherError } from './shared/errors.ts'
export type { Limits } from './shared/session/limits.ts'
export type { Applied, AppliedUpdate, Serving } from './shared/types.ts'
export type { InstalledVersions } from './shared/versions.ts'
