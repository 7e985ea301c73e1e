import { Router } from 'express'

export const health = Router()

health.get('/', (_request, response) => {
  response.json({ ok: true, pid: process.pid, uptime: Math.round(process.uptime()) })
})
