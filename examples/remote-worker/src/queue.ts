import { createServer, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import type { Job } from './jobs.ts'

/** A queue that is spoken to over HTTP, so that this example needs no broker. */
const jobs: Job[] = []
const waiting: Job[] = []
/** Workers that wait for something to do. */
const idle = new Set<ServerResponse>()

const server = createServer(async (request, response) => {
  const [, id] = /^\/jobs\/(\d+)$/.exec(request.url ?? '') ?? []
  if (request.url === '/health') send(response, { ok: true, pid: process.pid })
  else if (request.method === 'POST' && request.url === '/jobs') {
    const job: Job = { id: jobs.length + 1, ...((await json(request)) as Pick<Job, 'name' | 'payload'>) }
    jobs.push(job)
    waiting.push(job)
    handOut()
    send(response, job)
  } else if (request.url === '/jobs/next') {
    idle.add(response)
    response.on('close', () => idle.delete(response))
    handOut()
  } else if (request.method === 'POST' && id) {
    Object.assign(jobs[Number(id) - 1] ?? {}, await json(request))
    send(response, {})
  } else if (id) send(response, jobs[Number(id) - 1] ?? {})
  else send(response, jobs)
})

function handOut(): void {
  for (const response of idle) {
    const job = waiting.shift()
    if (!job) return
    idle.delete(response)
    send(response, job)
  }
}

function send(response: ServerResponse, body: unknown): void {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
}

const port = Number(process.env.PORT ?? 3000)
server.listen(port, () => console.log(`Queue on http://localhost:${port}`))

import.meta.hot?.dispose(() => {
  server.close()
  server.closeAllConnections()
})
