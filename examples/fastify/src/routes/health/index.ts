import type { FastifyPluginAsync } from 'fastify'

const routes: FastifyPluginAsync = async (fastify) => {
  fastify.get('/', async () => ({ ok: true, pid: process.pid, uptime: Math.round(process.uptime()) }))
}

export default routes
