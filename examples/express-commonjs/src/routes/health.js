const { Router } = require('express')

const router = Router()

router.get('/', (_request, response) => {
  response.json({ ok: true, pid: process.pid, uptime: Math.round(process.uptime()) })
})

module.exports = router
