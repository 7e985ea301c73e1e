import { Router } from 'express'
import { store } from './store.ts'

export const votes = Router()

votes.get('/', (_request, response) => {
  response.json(store)
})

votes.post('/', (request, response) => {
  const name = request.body?.for
  if (name !== 'tea' && name !== 'coffee')
    return response.status(400).json({ error: "expected { for: 'tea' | 'coffee' }" })
  store[name as keyof typeof store]++
  response.json(store)
})
