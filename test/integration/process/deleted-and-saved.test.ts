/** A file is deleted and its importer saved in one moment. The save is told first: no process is given up for one that could not start, or that runs the code that is gone. */
import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'

/** File that is deleted -> specifier of its import. */
const FILES: Record<string, string> = { 'dep.js': './dep.js', 'dep/index.ts': './dep', 'dep.json': './dep.json' }

/** The ways in which the entry gets the value. */
const FORMS: Record<string, (specifier: string) => string> = {
  static: (specifier) => `import * as it from '${specifier}'; const value = it.value`,
  're-export': (specifier) =>
    `export * from '${specifier}'; import * as it from '${specifier}'; const value = it.value`,
  'import()': (specifier) => `const { value } = await import('${specifier}')`,
}

const dep = (file: string, n: number) => (file.endsWith('.json') ? `{ "value": ${n} }` : `export const value = ${n}`)

const cases = Object.entries(FILES).flatMap(([file, specifier]) =>
  Object.keys(FORMS).map((form) => ({ file, specifier, form })),
)

test.each(cases.map((each, index) => ({ ...each, standby: index % 2 === 0 })))(
  '$form import of $file, standby: $standby',
  async ({ file, specifier, form, standby }) => {
    const main = (n: number) =>
      `${FORMS[form]!(specifier)}; console.log('runs', ${n}, value); setInterval(() => {}, 1000)`
    const { project, hub, line, lines } = await startApp(
      { 'package.json': '{ "type": "module" }', 'main.js': main(1), [file]: dep(file, 1), 'dep/other.js': '' },
      { entry: 'main.js', standby },
    )
    await line(/^runs 1 1/)
    const { pid } = hub.runners[0]!
    project.remove(file)
    project.write('main.js', main(2))
    await line(/still runs the code from before/)
    expect(lines.filter((each) => /restarted/.test(each))).toEqual([])
    expect(hub.runners[0]).toMatchObject({ pid, state: 'ready' })
    project.write(file, dep(file, 2))
    await line(/^runs 2 2/)
    expect(lines).not.toContain('runs 2 1')
  },
)
