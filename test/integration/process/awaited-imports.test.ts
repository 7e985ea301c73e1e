/**
 * An `import()` that is awaited where a module is evaluated ends the process as a static import does: the process that runs is not given
 * up for one that could not load it.
 */
import { expect, test } from 'vitest'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

const FILES = {
  'package.json': '{ "type": "module" }',
  'src/main.ts': "import './code.ts'\nconsole.log('runs ' + process.pid)\nsetInterval(() => {}, 1000)",
  'src/code.ts': 'export {}',
  'src/good.ts': 'export const good = 1',
  'src/bad.ts': 'export const bad = (',
  'src/uses-bad.ts': "export * from './bad.ts'",
  'src/awaits-bad.ts': "export const { bad } = await import('./bad.js')",
  'src/uses-gone.ts': "import './gone.js'",
}

/** What is imported, and what is told of it. */
const TARGETS: [spelling: string, told: RegExp][] = [
  ["'./gone'", /\/src\/gone' imported from .*\/src\/code\.ts'/],
  ["'./gone.js'", /\/src\/gone\.js' imported from .*\/src\/code\.ts'/],
  ["'../src/gone.json'", /\/src\/gone\.json' imported from .*\/src\/code\.ts'/],
  ["'/src/gone.ts'", /gone\.ts' imported from .*\/src\/code\.ts'/],
  ['`./gone.ts`', /gone\.ts' imported from .*\/src\/code\.ts'/],
  ["'left-off'", /package 'left-off' imported from .*npm install left-off/],
  ["'@left/off/deep'", /package '@left\/off\/deep' imported from .*npm install @left\/off/],
  ["'./bad'", /bad\.ts/],
  ["'./uses-bad.js'", /bad\.ts/],
  ["'./awaits-bad.ts'", /bad\.ts/],
  ["'./uses-gone'", /gone\.js' imported from .*\/src\/uses-gone\.ts'/],
]

/** Ways to await an `import()` of `it`, without which the module cannot be evaluated. */
const AWAITS: ((it: string) => string)[] = [
  (it) => `await import(${it})`,
  (it) => `export const { good } = await import(${it})`,
  (it) => `const x = (await import(${it})).good; export default x`,
  (it) => `await (import(${it}))`,
  (it) => `export default await import(${it}).then((all: any) => all.good)`,
  (it) => `await import(${it}).finally(() => {})`,
  (it) => `const [a, b] = await Promise.all([import('./good.ts'), import(${it})]); export { a, b }`,
  (it) => `{ console.log((await import(${it})).good ?? 1) }`,
  (it) => `(await import(${it})).good || console.log('none')`,
  (it) => `throw (await import(${it})).good`,
]

test.each([true, false])('awaited imports of a module that cannot be loaded, with standby: %s', async (standby) => {
  const project = createProject(FILES)
  const { hub, line, lines } = await startServer(project.root, { entry: 'src/main.ts', standby })
  await line(/^runs/)
  await expect.poll(() => hub.runners[0]).toMatchObject({ state: 'ready' })
  const { pid } = hub.runners[0]!
  const refused = async (code: string, told: RegExp) => {
    const before = lines.length
    project.write('src/code.ts', code)
    const said = () => lines.slice(before).join('\n')
    await expect.poll(said, { message: code }).toMatch(told)
    // whoever asks for a new process then
    await expect(hub.restart(), code).rejects.toThrow()
    expect(hub.runners[0], code).toMatchObject({ pid, state: 'ready' })
  }
  const plain = AWAITS[0]!
  for (const [spelling, told] of TARGETS) await refused(plain(spelling), told)
  // by another name each time: an error that is known is told by its first line
  for (const [index, code] of AWAITS.entries()) {
    await refused(code(`'./gone${index}.js'`), new RegExp(`/gone${index}\\.js' imported from`))
  }
  // the file that it waits for heals it
  project.write(`src/gone${AWAITS.length - 1}.ts`, 'export const good = 1; console.log("healed")')
  await line(/^healed/)
  await line(/^runs/)
})
