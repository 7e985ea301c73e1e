import { sql } from 'drizzle-orm'
import { Hono } from 'hono'
import { db } from '../db.ts'

export const health = new Hono()

health.get('/', async (c) => {
  const { rows } = await db.execute<{ since: string }>(sql`select pg_postmaster_start_time() as since`)
  return c.json({ ok: true, pid: process.pid, uptime: Math.round(process.uptime()), database: rows[0] })
})
