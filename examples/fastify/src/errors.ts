import type { FastifyReply, FastifyRequest } from 'fastify'

export function notFound(request: FastifyRequest, reply: FastifyReply): void {
  reply.code(404).send({ error: `nothing at ${request.url}` })
}
