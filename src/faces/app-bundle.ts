/** All that runs in an app's process, built as one file: `dist/app.cjs`. Only `load-app` loads it. */
export { attachCommand } from '../cli/attach-command.ts'
export { take } from '../client/bridge/async-hooks.ts'
export { preload } from '../client/bridge/preload.ts'
export { evaluate } from '../client/bridge/sync-hooks.ts'
export { bootstrap } from '../client/process/bootstrap.ts'
export { connect, TetherError } from '../client.ts'
