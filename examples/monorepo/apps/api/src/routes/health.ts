import { Hono } from 'hono'

export const health = new Hono()

health.get('/', (c) => c.json({ ok: true, pid: process.pid, uptime: Math.round(process.uptime()) }))
