import { Router } from 'express'
import { z } from 'zod'
import { parse } from '../middleware/validate.ts'
import { addLink, findLink, listLinks, removeLink } from '../services/links.ts'

const newLink = z.object({
  url: z.url({ protocol: /^https?$/ }),
  code: z
    .string()
    .regex(/^[a-z0-9-]{3,30}$/)
    .optional(),
})

export const links = Router()

links.get('/', (_request, response) => {
  response.json(listLinks())
})

links.post('/', (request, response) => {
  response.status(201).json(addLink(parse(newLink, request.body)))
})

links.get('/:code', (request, response) => {
  response.json(findLink(request.params.code))
})

links.delete('/:code', (request, response) => {
  removeLink(request.params.code)
  response.sendStatus(204)
})
