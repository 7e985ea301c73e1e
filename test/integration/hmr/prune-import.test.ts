import { expect, test } from 'vitest'
import { drivers } from '../../support/hmr-driver.ts'

const LIFE = (name: string) => `
  import.meta.hot.data.lives = (import.meta.hot.data.lives ?? 0) + 1
  log('${name} lives ' + import.meta.hot.data.lives)
  import.meta.hot.dispose(() => log('${name} disposed'))
  import.meta.hot.prune(() => log('${name} pruned'))`

/** The ways in which a program gets its lazy module, and asks it when a request comes. */
const PROGRAMS: Record<string, Record<string, string>> = {
  'import().then()': {
    'main.js': `let a; import('./a.js').then((module) => { a = module }); export const ask = async () => a?.c`,
  },
  'import() at the top level': { 'main.js': `const a = await import('./a.js'); export const ask = async () => a.c` },
  'import() in a function': { 'main.js': `export const ask = async () => (await import('./a.js')).c` },
  'import() in a third module': {
    'main.js': `import { load } from './load.js'; export const ask = async () => (await load()).c`,
    'load.js': `export const load = () => import('./a.js')`,
  },
  'import() that has begun in a third module': {
    'main.js': `import { a } from './load.js'; export const ask = async () => (await a).c`,
    'load.js': `export const a = import('./a.js')`,
  },
  'import() of a re-export': {
    'main.js': `export const ask = async () => (await import('./index.js')).c`,
    'index.js': `export * from './a.js'`,
  },
}

/** The module that accepts the change. */
const ACCEPTS: Record<string, (files: Record<string, string>) => Record<string, string>> = {
  'the entry': (files) => ({ ...files, 'main.js': `${files['main.js']}; import.meta.hot.accept()` }),
  nobody: (files) => files,
}

const cases = drivers.flatMap((driver) =>
  Object.keys(PROGRAMS).flatMap((program) =>
    Object.keys(ACCEPTS)
      // without a process to restart there is nothing to see
      .filter((accept) => accept === 'the entry' || driver.hasEntries)
      .map((accept) => ({ driver, name: driver.name, program, accept })),
  ),
)

test.each(cases)(
  'what lies behind $program stays when its neighbour changes and $accept accepts, $name',
  async (each) => {
    const app = await each.driver.start({
      entry: '/main.js',
      files: ACCEPTS[each.accept]!({
        ...PROGRAMS[each.program]!,
        'a.js': `export { c } from './c.js'; export { k } from './keep.js'; ${LIFE('a')}`,
        'c.js': `export const c = 1; ${LIFE('c')}`,
        'keep.js': `export const k = 1; ${LIFE('keep')}`,
      }),
    })
    const ask = async () => (await app.import('/main.js')).ask()
    await expect.poll(ask).toBe(1)
    for (const c of [2, 3, 4]) {
      await app.after(() => app.edit('c.js', /c = \d/, `c = ${c}`))
      await expect.poll(ask).toBe(c)
    }
    const said = (name: string) => app.logs.filter((line) => line.startsWith(name))
    const lives = ['c lives 1', 'c disposed', 'c lives 2', 'c disposed', 'c lives 3', 'c disposed', 'c lives 4']
    expect(said('c ')).toEqual(lives)
    expect(said('a ')).toEqual(lives.map((line) => line.replace('c', 'a')))
    // a reload makes all anew
    expect(said('keep ')).toEqual(
      each.accept === 'nobody' ? lives.map((line) => line.replace('c', 'keep')) : ['keep lives 1'],
    )
  },
)

test.each(drivers)(
  'what two lazy modules share stays when it moves from one to the other, $name',
  async ({ start }) => {
    const app = await start({
      entry: '/main.js',
      files: {
        'main.js': `import { load } from './load.js'; export const ask = load; import.meta.hot.accept()`,
        'load.js': `export const load = () => import('./old.js')`,
        'old.js': `export { k } from './keep.js'; export const name = 'old'; ${LIFE('old')}`,
        'keep.js': `export const k = 1; ${LIFE('keep')}`,
      },
    })
    const ask = async () => (await (await app.import('/main.js')).ask()).name
    expect(await ask()).toBe('old')
    app.write('new.js', `export { k } from './keep.js'; export const name = 'new'; ${LIFE('new')}`)
    await app.after(() => app.edit('load.js', 'old', 'new'))
    await app.until(() => app.logs.includes('old pruned'))
    expect(await ask()).toBe('new')
    expect(app.logs.filter((line) => line.startsWith('keep'))).toEqual(['keep lives 1'])
  },
)

test.each(drivers)(
  'what a lazy module no longer needs goes when it has been imported again or not, $name',
  async ({ start }) => {
    const app = await start({
      entry: '/main.js',
      files: {
        'main.js': `export const ask = async () => (await import('./a.js')).name; import.meta.hot.accept()`,
        'a.js': `import './b.js'; export const name = 'a'; ${LIFE('a')}`,
        'b.js': LIFE('b'),
      },
    })
    const ask = async () => (await app.import('/main.js')).ask()
    expect(await ask()).toBe('a')
    await app.after(() => app.edit('a.js', `import './b.js'`, ''))
    await app.until(() => app.logs.includes('b pruned'))
    expect(app.logs).not.toContain('a pruned')
    expect(await ask()).toBe('a')
    expect(app.logs).toContain('a lives 2')
  },
)
