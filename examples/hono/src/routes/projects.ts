import { Hono } from 'hono'
import { newProject } from '../schemas.ts'
import { addProject, listProjects } from '../services/projects.ts'
import { validate } from '../validate.ts'

export const projects = new Hono()

projects.get('/', (c) => c.json(listProjects()))
projects.post('/', validate('json', newProject), (c) => c.json(addProject(c.req.valid('json')), 201))
