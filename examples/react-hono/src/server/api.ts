import { Hono } from 'hono'
import { validator } from 'hono/validator'
import { notes } from './notes.ts'

const note = validator('json', (value, c) =>
  typeof value.text === 'string' ? { text: value.text as string } : c.json({ error: 'expected { text }' }, 400),
)

export const api = new Hono()
  .get('/notes', (c) => c.json(notes.list()))
  .post('/notes', note, (c) => c.json(notes.add(c.req.valid('json').text), 201))
