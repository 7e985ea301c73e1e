import { PGlite } from '@electric-sql/pglite'
import { keep } from 'vite-tether/keep'

/** Postgres inside this process: in memory, or in the folder DATABASE_DIR. It is opened once, whatever is saved. */
export const client = await keep('postgres', open, (client) => client.close())

async function open(): Promise<PGlite> {
  const client = await PGlite.create(process.env.DATABASE_DIR)
  console.log('Postgres opened')
  return client
}
