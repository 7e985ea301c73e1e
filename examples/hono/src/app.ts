import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { health } from './routes/health.ts'
import { projects } from './routes/projects.ts'
import { tasks } from './routes/tasks.ts'

export const app = new Hono()

app.route('/health', health)
app.route('/projects', projects)
app.route('/tasks', tasks)

app.notFound((c) => c.json({ error: `nothing at ${c.req.path}` }, 404))

app.onError((error, c) => {
  if (error instanceof HTTPException) return c.json({ error: error.message }, error.status)
  console.error(error)
  return c.json({ error: 'internal error' }, 500)
})
