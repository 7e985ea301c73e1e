/** A file is renamed, and the import of it is not: the process is not given up for what cannot start, and the new import heals it. */
import { expect, test } from 'vitest'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

/** The ways in which the entry gets the value. */
const FORMS: Record<string, (specifier: string) => string> = {
  static: (specifier) => `import { value } from '${specifier}'`,
  're-export': (specifier) => `export * from '${specifier}'; import { value } from '${specifier}'`,
  'import()': (specifier) => `const { value } = await import('${specifier}')`,
}

const RENAMES: [from: string, to: string][] = [
  ['dep/index.js', 'dep.ts'],
  ['dep.ts', 'dep/index.ts'],
  ['dep.ts', 'dep.js'],
]

test.each(Object.keys(FORMS).map((form, index) => [form, ...RENAMES[index]!] as const))(
  '%s import of %s, which is now %s',
  async (form, from, to) => {
    const main = (file: string) =>
      `${FORMS[form]!(`./${file}`)}\nconsole.log('value ' + value)\nsetInterval(() => {}, 1000)`
    const project = createProject({
      'package.json': '{ "type": "module" }',
      'main.ts': main(from),
      [from]: 'export const value = 1',
      'dep/other.ts': '',
    })
    const { hub, line, lines } = await startServer(project.root, { entry: 'main.ts' })
    await line(/^value 1/)
    const { pid } = hub.runners[0]!
    const failed = line(/Cannot find module/)
    project.rename(from, to)
    await failed
    expect(hub.runners[0]).toMatchObject({ pid, state: 'ready' })
    expect(lines.filter((each) => /restarted/.test(each))).toEqual([])
    const again = lines.length
    project.write('main.ts', main(to))
    await expect
      .poll(() => lines.slice(again).filter((each) => each === 'value 1'), { timeout: 10_000 })
      .toHaveLength(1)
  },
)
