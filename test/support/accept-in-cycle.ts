/** A module that is imported by the entry, accepts the entry and imports it, and is saved with an error. */

/** Its import of the entry, by its name. */
export const BACK: Record<string, string> = {
  'a static import': `import './main.js'`,
  'a re-export': `export * as back from './main.js'`,
  'an import() in a function': `export const back = () => import('./main.js')`,
}

/** The error in the saved code; each is found before any code runs. */
export const FAULTS: Record<string, string> = {
  'a syntax error': `export const = 1`,
  'an import of nothing': `import './nothing.js'`,
}
