/** `vite-tether/client`: joins a running Vite server from a process that somebody else started. */
export { type ErrorCode, TetherError } from '../shared/errors.ts'
export type { Applied, AppliedUpdate } from '../shared/types.ts'
export { type ConnectOptions, connect } from './attach.ts'
export type { Logger } from './log.ts'
export type { TetherRunner, TetherRunnerEvents } from './tether-types.ts'
