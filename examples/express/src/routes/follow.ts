import { Router } from 'express'
import { visitLink } from '../services/links.ts'

/** The short links themselves. */
export const follow = Router()

follow.get('/:code', (request, response) => {
  response.redirect(visitLink(request.params.code).url)
})
