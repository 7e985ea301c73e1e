import type { FastifyPluginAsync } from 'fastify'

const newNote = {
  type: 'object',
  required: ['text'],
  properties: { text: { type: 'string', minLength: 1, maxLength: 500 } },
}

const routes: FastifyPluginAsync = async (fastify) => {
  fastify.get('/', async () => fastify.notes.all())

  fastify.post<{ Body: { text: string } }>('/', { schema: { body: newNote } }, async (request, reply) => {
    reply.code(201)
    return fastify.notes.add(request.body.text)
  })
}

export default routes
