/** Names that both sides spell alike. */

/** The specifier of the module that every runner provides itself. */
export const KEEP = 'vite-tether/keep'

/** Set in the environment of every app process: the plugin stays inert in Vite servers that the app itself makes. */
export const RUNNER_MARKER = 'VITE_TETHER_RUNNER'
