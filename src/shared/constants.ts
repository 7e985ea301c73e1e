/** The module that every runner provides itself. */

/** Its specifier. */
export const KEEP = 'vite-tether/keep'
