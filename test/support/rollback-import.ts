/** An update that fails while an `import()` that it has begun goes on. Modules say `made` and `disposed` by a global `log`. */

const LIFE = (name: string) => `log('${name} made'); import.meta.hot.dispose(() => log('${name} disposed'))`

/** The ways in which the module that fails begins the evaluation that goes on meanwhile. */
export const STARTS: Record<string, string> = {
  'import()': `void import('./slow.js')`,
  'an import() of a third module': `import './load.js'`,
  'an import() of what imports it': `void import('./first.js')`,
}

/** The ways in which the module that goes on gets another after the failure. */
export const LATER: Record<string, string> = {
  'a static import': `import './wait.js'; import './later.js'`,
  'a re-export': `export { wait } from './wait.js'; export * from './later.js'`,
  'an awaited import()': `await wait(); await import('./later.js')`,
  'an import() that nobody awaits': `await wait(); void import('./later.js')`,
}

const WAIT = `const wait = () => new Promise((resolve) => setTimeout(resolve, 50))`

/** The entry, which accepts itself. */
export const MAIN = `${LIFE('main')}; import.meta.hot.accept()`

/** The modules of the app. */
export const filesOf = (later: string): Record<string, string> => ({
  'main.js': MAIN,
  'load.js': `void import('./slow.js'); ${LIFE('load')}`,
  'first.js': `import './slow.js'; ${LIFE('first')}`,
  'slow.js': `${LIFE('slow')}; ${WAIT}; ${LATER[later]}`,
  'wait.js': `${LIFE('wait')}; ${WAIT}; await wait(); export { wait }`,
  'later.js': `import './deep.js'; ${LIFE('later')}; export const n = 1`,
  'deep.js': LIFE('deep'),
})

/** The number of instances of each module: those made, without those disposed. */
export function liveIn(logs: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const [name, what] of logs.map((line) => line.split(' '))) {
    if (what === 'made') counts[name!] = (counts[name!] ?? 0) + 1
    if (what === 'disposed') counts[name!]!--
  }
  return counts
}
