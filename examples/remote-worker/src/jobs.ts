export interface Job {
  id: number
  name: string
  payload: string
  /** What the handler made of it, and the worker that did it. */
  result?: unknown
  worker?: string
}
