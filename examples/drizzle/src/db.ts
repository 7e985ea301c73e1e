import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import { client } from './client.ts'
import * as schema from './schema.ts'

/** Made again, over the same connection, when the schema is saved. */
export const db = drizzle({ client, schema })

// applies what is new in the folder, so a schema and its migration can be saved while the app runs
await migrate(db, { migrationsFolder: join(import.meta.dirname, '../drizzle') })
