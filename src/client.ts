/** `vite-tether/client`: joins a running Vite server from a process that vite-tether has not started. */

export type { Logger } from './client/hmr/log.ts'
export { connect } from './client/runner/connect.ts'
export type { ConnectOptions } from './client/runner/connect-options.ts'
export type { TetherRunner, TetherRunnerEvents } from './client/runner-types.ts'
export { type ErrorCode, TetherError } from './shared/errors.ts'
export type { Applied, AppliedUpdate } from './shared/types.ts'
