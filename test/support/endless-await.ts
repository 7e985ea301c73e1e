/** A module whose top-level await never settles: who accepts it, and how it is imported. */

export const NEVER = 'await new Promise(() => {})'

/** The imports and the accept of an entry that tells by `current` what `leaf.js` has exported. */
export const ACCEPTS: Record<string, [imports: string, accept: string]> = {
  'the entry itself': [`import { value } from './leaf.js'; let current = value`, 'import.meta.hot.accept()'],
  'the entry, of its import': [
    `import { value } from './leaf.js'; let current = value`,
    `import.meta.hot.accept('./leaf.js', (next) => { current = next.value })`,
  ],
  'the entry, of an import()': [
    `let current; import('./leaf.js').then((it) => { current = it.value })`,
    'import.meta.hot.accept()',
  ],
  nobody: [`import { value } from './leaf.js'; let current = value`, ''],
}
