import { PGlite } from '@electric-sql/pglite'

/**
 * Postgres inside this process: in memory, or in the folder DATABASE_DIR. It is opened once: this module imports nothing of
 * ours, so only a save of this file opens another one.
 */
export const client = await PGlite.create(process.env.DATABASE_DIR)
console.log('Postgres opened')

import.meta.hot?.dispose(() => client.close())
