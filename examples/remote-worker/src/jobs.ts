export interface Job {
  id: number
  name: string
  payload: string
  /** The handler's result, and the worker that did it. */
  result?: unknown
  worker?: string
}
