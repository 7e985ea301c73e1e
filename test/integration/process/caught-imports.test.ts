/** An app that catches the failure of its `import()` can start without the module: no save of it is refused for that. */
import { expect, test } from 'vitest'
import { createDeferred } from '../../../src/shared/util/deferred.ts'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

const FILES = {
  'package.json': '{ "type": "module" }',
  'src/main.ts': "import './code.ts'\nsetInterval(() => {}, 1000)",
  'src/code.ts': "console.log('runs 0')",
  'src/good.ts': 'export const good = 1',
  'src/bad.ts': 'export const bad = (',
  'src/uses-gone.ts': "import './gone.js'",
}

const TARGETS = ["'./gone.js'", "'./gone'", "'./bad.ts'", "'./uses-gone'", "'left-off'", "'./gone.json'"]

/** Ways to go on without what is imported. */
const CATCHES: ((it: string) => string)[] = [
  (it) => `import(${it}).catch(() => {})`,
  (it) => `await import(${it}).catch(() => {})`,
  (it) => `const name = ${it}; await import(name).catch(() => {})`,
  (it) => `await import(${it}).then(() => {}, () => {})`,
  (it) => `await Promise.all([import('./good.ts'), import(${it})]).catch(() => {})`,
  (it) => `await Promise.allSettled([import(${it})])`,
  (it) => `await Promise.any([import(${it}), 1])`,
  (it) => `try { await import(${it}) } catch {}`,
  (it) => `if (process.env.NEVER) await import(${it})`,
  (it) => `export const later = async () => await import(${it})`,
]

test.each([...TARGETS.map((target) => ({ standby: true, target })), { standby: false, target: "'./bad.ts'" }])(
  'caught imports of what cannot be loaded: %o',
  async ({ standby, target }) => {
    const project = createProject(FILES)
    const { lines, line } = await startServer(project.root, { entry: 'src/main.ts', standby })
    await line(/^runs 0/)
    for (const [index, code] of CATCHES.map((code) => code(target)).entries()) {
      project.write('src/code.ts', `${code}\nconsole.log('runs ${index + 1}')`)
      await expect.poll(() => lines, { message: code }).toContain(`runs ${index + 1}`)
    }
    expect(lines.filter((text) => /still runs/.test(text))).toEqual([])
  },
)

test.each([true, false])(
  'an import() that is on its way when its module is saved, with standby: %s',
  async (standby) => {
    const project = createProject({
      ...FILES,
      'src/code.ts': "import('./gone.js').catch(() => {})\nconsole.log('runs 0')",
    })
    // the first to ask waits for the second, which may be the check of the save
    const asked = createDeferred<void>()
    const second = createDeferred<void>()
    let times = 0
    const gate = {
      name: 'gate',
      async resolveId(id: string) {
        if (id !== '/src/gone.js') return
        asked.resolve()
        if (++times === 2) second.resolve()
        await second.promise
      },
    }
    const { line, lines } = await startServer(project.root, { entry: 'src/main.ts', standby }, { plugins: [gate] })
    await line(/^runs 0/)
    await asked.promise
    project.edit('src/code.ts', 'runs 0', 'runs 1')
    await line(/^runs 1/)
    // a server that closes waits for its plugins
    second.resolve()
    expect(lines.filter((text) => /still runs/.test(text))).toEqual([])
  },
)

test.each(["'left-off'", "'./gone.js'", "'./bad.ts'"])(
  'what a caught import() loads may await %s, and be saved',
  async (target) => {
    const project = createProject({
      ...FILES,
      'src/code.ts': "await import('./metrics.ts').catch(() => {})\nconsole.log('runs 0')",
      'src/metrics.ts': 'export {}',
    })
    const { line, lines } = await startServer(project.root, { entry: 'src/main.ts' })
    await line(/^runs 0/)
    project.write('src/metrics.ts', `const it = await import(${target})\nexport { it }`)
    await line(/restarted/)
    project.edit('src/code.ts', 'runs 0', 'runs 1')
    await line(/^runs 1/)
    expect(lines.filter((text) => /still runs/.test(text))).toEqual([])
  },
)

test('code that makes a file and then imports it', async () => {
  const project = createProject(FILES)
  const { line, lines } = await startServer(project.root, { entry: 'src/main.ts' })
  await line(/^runs 0/)
  project.write(
    'src/code.ts',
    `import { writeFileSync } from 'node:fs'
    writeFileSync(new URL('./made.ts', import.meta.url), 'export const made = 1')
    const { made } = await import('./made.js')
    console.log('runs ' + made)`,
  )
  await line(/^runs 1/)
  expect(lines.filter((text) => /still runs/.test(text))).toEqual([])
})
