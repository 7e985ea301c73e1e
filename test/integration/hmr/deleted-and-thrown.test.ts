/** A file is deleted, and its importer is saved so that it throws, both at once: the old code stays until both are mended. */
import { expect, test } from 'vitest'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

const b = (value: number) => `
  console.log('b ${value} runs')
  export const b = ${value}
  import.meta.hot?.dispose(() => console.log('b ${value} ends'))`
const FORMS: Record<string, string> = {
  static: `import { b } from './b.js'`,
  're-export': `import { b } from './again.js'`,
  'import()': `const { b } = await import('./b.js')`,
}

test.each(
  Object.entries(FORMS).flatMap(([name, form]) => [true, false].map((standby) => [name, standby, form] as const)),
)(
  'nothing runs twice, a correction without the file fails, and the new file heals: %s (standby: %s)',
  async (_, standby, form) => {
    const a = (text: string, more = '') => `${form}\n${more}\nexport const a = '${text} ' + b`
    const project = createProject({
      'package.json': '{ "type": "module" }',
      'main.js': `
        import { a } from './a.js'
        console.log('main ' + a)
        import.meta.hot?.accept()
        setInterval(() => {}, 1000)`,
      'a.js': a('one'),
      'again.js': `export { b } from './b.js'`,
      'b.js': b(1),
    })
    const app = await startServer(project.root, { entry: 'main.js', standby })
    await app.line(/^main one 1$/)
    const pid = app.hub.runners[0]!.pid
    const failed = () => new Promise<void>((resolve) => app.hub.once('update:failed', () => resolve()))
    const balance = () => {
      const count = (what: string) => app.lines.filter((line) => line === `b 1 ${what}`).length
      return count('runs') - count('ends')
    }
    let failure = failed()
    project.remove('b.js')
    project.write('a.js', a('two', `throw new Error('a throws')`))
    await failure
    expect(balance()).toBe(1)
    failure = failed()
    project.write('a.js', a('three'))
    await failure
    await app.line(/Cannot find module .*b\.js/)
    expect(balance()).toBe(1)
    project.write('b.js', b(2))
    await app.line(/^main three 2$/)
    expect(balance()).toBe(0)
    expect(app.hub.runners[0]!.pid).toBe(pid)
  },
)
