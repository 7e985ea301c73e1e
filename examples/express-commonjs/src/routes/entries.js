const { Router } = require('express')
const entries = require('../entries')

const router = Router()

router.get('/', (_request, response) => {
  response.json(entries.list())
})

router.post('/', (request, response) => {
  const { name, text } = request.body
  if (!name || !text) return response.status(400).json({ error: 'an entry needs a name and a text' })
  response.status(201).json(entries.add(name, text))
})

module.exports = router
