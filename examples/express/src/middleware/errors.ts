import type { ErrorRequestHandler, RequestHandler } from 'express'

/** An error that the client is told about. */
export class HttpError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export const notFound: RequestHandler = (request) => {
  throw new HttpError(404, `nothing at ${request.method} ${request.path}`)
}

// Express knows an error handler by its four parameters
export const errors: ErrorRequestHandler = (error, _request, response, _next) => {
  // body-parser's errors have a status too
  const status: number = error.status ?? 500
  if (status >= 500) console.error(error)
  response.status(status).json({ error: status >= 500 ? 'internal error' : error.message })
}
