import type { NewProject } from '../schemas.ts'
import { type Project, store } from '../store.ts'

export function listProjects(): Project[] {
  return [...store.projects.values()]
}

export function addProject({ name }: NewProject): Project {
  const project: Project = { id: store.nextId(), name }
  store.projects.set(project.id, project)
  return project
}

export function hasProject(id: string): boolean {
  return store.projects.has(id)
}
