import { Hono } from 'hono'
import { newTask, taskChange, taskFilter } from '../schemas.ts'
import { addTask, changeTask, findTask, listTasks, removeTask } from '../services/tasks.ts'
import { validate } from '../validate.ts'

export const tasks = new Hono()

tasks.get('/', validate('query', taskFilter), (c) => {
  const { done, project } = c.req.valid('query')
  return c.json(listTasks({ project, done: done === undefined ? undefined : done === 'true' }))
})

tasks.post('/', validate('json', newTask), (c) => c.json(addTask(c.req.valid('json')), 201))

tasks.get('/:id', (c) => c.json(findTask(c.req.param('id'))))

tasks.patch('/:id', validate('json', taskChange), (c) => c.json(changeTask(c.req.param('id'), c.req.valid('json'))))

tasks.delete('/:id', (c) => {
  removeTask(c.req.param('id'))
  return c.body(null, 204)
})
