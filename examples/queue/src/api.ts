import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { queue } from './queue.ts'

const port = Number(process.env.PORT ?? 3000)

// When this module runs again its server takes the port over.
createServer(answer).listen(port, () => console.log(`Queue worker, health on http://localhost:${port}/health`))

import.meta.hot?.accept()

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const [status, body] = await route(`${request.method} ${request.url}`, request)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  } catch (error) {
    response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error: String(error) }))
  }
}

async function route(what: string, request: IncomingMessage): Promise<[status: number, body: unknown]> {
  if (what === 'GET /health') return [200, health()]
  if (what === 'GET /jobs') return [200, [...queue.jobs.values()]]
  if (what === 'POST /jobs') {
    const { name, payload } = (await json(request)) as { name: string; payload?: unknown }
    return [202, queue.add(name, payload)]
  }
  const [, id] = /^GET \/jobs\/(\d+)$/.exec(what) ?? []
  const job = queue.jobs.get(Number(id))
  return job ? [200, job] : [404, { error: `nothing at ${what}` }]
}

function health() {
  const jobs = {
    waiting: queue.count('waiting'),
    running: queue.count('running'),
    done: queue.count('done'),
    failed: queue.count('failed'),
  }
  return { ok: true, pid: process.pid, uptime: Math.round(process.uptime()), jobs }
}
