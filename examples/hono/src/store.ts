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

// `hot.data` outlives the module: the records stay even when this file is edited.
const state: State = import.meta.hot?.data.state ?? { nextId: 1, projects: new Map(), tasks: new Map() }
if (import.meta.hot) import.meta.hot.data.state = state

export const store = {
  projects: state.projects,
  tasks: state.tasks,
  nextId: () => String(state.nextId++),
}
