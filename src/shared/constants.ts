/** Names that server and runner must spell alike. */

/** The specifier of the module that every runner provides itself: it is never fetched from the server. */
export const KEEP = 'vite-tether/keep'

/** Set in the environment of every app process. The plugin sees it and stays inert in Vite servers that the app itself makes. */
export const RUNNER_MARKER = 'VITE_TETHER_RUNNER'
