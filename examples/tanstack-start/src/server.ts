import handler, { createServerEntry } from '@tanstack/react-start/server-entry'

// TanStack's own name for the server's entry; what it exports answers, in the app's process
export default createServerEntry({
  fetch: (request) => handler.fetch(request),
})
