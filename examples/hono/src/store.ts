import { keep } from 'vite-tether/keep'

export interface Project {
  id: string
  name: string
}

export interface Task {
  id: string
  title: string
  done: boolean
  project?: string | undefined
  due?: string | undefined
}

interface State {
  nextId: number
  projects: Map<string, Project>
  tasks: Map<string, Task>
}

// keep() holds the records beyond this module: without it an edit of this file would empty the store.
const state = keep('store', (): State => ({ nextId: 1, projects: new Map(), tasks: new Map() }))

export const store = {
  projects: state.projects,
  tasks: state.tasks,
  nextId: () => String(state.nextId++),
}
