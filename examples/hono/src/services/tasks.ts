import { HTTPException } from 'hono/http-exception'
import type { NewTask, TaskChange } from '../schemas.ts'
import { store, type Task } from '../store.ts'
import { hasProject } from './projects.ts'

export function listTasks(filter: { done?: boolean | undefined; project?: string | undefined }): Task[] {
  return [...store.tasks.values()].filter(
    (task) =>
      (filter.done === undefined || task.done === filter.done) &&
      (filter.project === undefined || task.project === filter.project),
  )
}

export function addTask(input: NewTask): Task {
  requireProject(input.project)
  const task: Task = { id: store.nextId(), done: false, ...input }
  store.tasks.set(task.id, task)
  return task
}

export function changeTask(id: string, change: TaskChange): Task {
  requireProject(change.project)
  const task: Task = { ...findTask(id), ...(change as Partial<Task>) }
  store.tasks.set(id, task)
  return task
}

export function removeTask(id: string): void {
  findTask(id)
  store.tasks.delete(id)
}

export function findTask(id: string): Task {
  const task = store.tasks.get(id)
  if (!task) throw new HTTPException(404, { message: `no task ${id}` })
  return task
}

function requireProject(id: string | undefined): void {
  if (id !== undefined && !hasProject(id)) throw new HTTPException(422, { message: `no project ${id}` })
}
