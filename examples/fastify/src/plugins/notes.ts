import plugin from 'fastify-plugin'
import { createNotes, type Notes } from '../notes.ts'

declare module 'fastify' {
  interface FastifyInstance {
    notes: Notes
  }
}

export default plugin(async (fastify) => {
  fastify.decorate('notes', createNotes())
})
