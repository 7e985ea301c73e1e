/** Modules that the running graph has loaded by `import()` count like those of static imports. */
import { expect, test } from 'vitest'
import { attached, type HmrApp } from '../../support/hmr-driver.ts'

/** Ways to load `./routes.js`; each leaves a function `current` that tells what the entry has of it. */
const SPELLINGS: Record<string, { main: string; files?: Record<string, string> }> = {
  'a static import': { main: `import reply from './routes.js'; const current = () => reply` },
  'top-level await': { main: `const reply = (await import('./routes.js')).default; const current = () => reply` },
  'a function': { main: `const current = async () => (await import('./routes.js')).default` },
  'then()': {
    main: `let reply; import('./routes.js').then((it) => { reply = it.default }); const current = () => reply`,
  },
  'try and catch': {
    main: `let reply; try { reply = (await import('./routes.js')).default } catch { reply = 'caught' }; const current = () => reply`,
  },
  'a computed specifier': {
    main: `const file = './routes.js'; const reply = (await import(/* @vite-ignore */ file)).default; const current = () => reply`,
  },
  'a third module': {
    main: `import { reply } from './loader.js'; const current = () => reply`,
    files: { 'loader.js': `export const reply = (await import('./routes.js')).default` },
  },
  'a third module, late': {
    main: `import { load } from './loader.js'; const current = () => load()`,
    files: { 'loader.js': `export const load = async () => (await import('./routes.js')).default` },
  },
  'a re-export behind it': {
    main: `const reply = (await import('./loader.js')).reply; const current = () => reply`,
    files: { 'loader.js': `export { default as reply } from './routes.js'` },
  },
  'an import() behind an import()': {
    main: `const { reply } = await import('./loader.js'); const current = () => reply`,
    files: { 'loader.js': `export const reply = (await import('./routes.js')).default` },
  },
}

const ACCEPTS: Record<string, string> = {
  'accepts itself': `import.meta.hot.accept()`,
  'accepts some exports': `import.meta.hot.acceptExports(['current', 'disposed'], () => {})`,
  'accepts nothing': '',
}

const routes = (reply: string) => `import { mark } from './mark.js'; export default '${reply}' + mark`
const mark = `export const mark = '!'`

/** Saves that cannot run: the file, what is written into it, the words that name the place, and what mends it. */
const BROKEN: Record<string, { file: string; content: string; says: RegExp }> = {
  'a syntax error': { file: 'routes.js', content: 'export default (', says: /routes\.js/ },
  'a syntax error below it': { file: 'mark.js', content: 'export const mark = ', says: /mark\.js/ },
  'a name that is missing': {
    file: 'mark.js',
    content: `export const other = '!'`,
    says: /named 'mark'.*routes\.js/s,
  },
  'a file that is missing': { file: 'routes.js', content: `import './nowhere.js'`, says: /nowhere\.js.*routes\.js/s },
}

async function start(spelling: string, accept: string): Promise<HmrApp> {
  const { main, files } = SPELLINGS[spelling]!
  const app = await attached.start({
    entry: '/main.js',
    files: {
      'main.js': `${main}\nexport { current }\nexport let disposed = false\nimport.meta.hot.dispose(() => { log('main disposed') })\n${accept}`,
      'routes.js': routes('v1'),
      'mark.js': mark,
      ...files,
    },
  })
  expect(app.startError).toBeUndefined()
  return app
}

const current = async (app: HmrApp) => (await app.import('/main.js')).current()

const cases = Object.keys(SPELLINGS).flatMap((spelling) =>
  Object.keys(ACCEPTS).flatMap((accept) => Object.keys(BROKEN).map((broken) => [spelling, accept, broken] as const)),
)

test.each(cases)('%s, the entry %s: %s is said, disposes nothing, and heals', async (spelling, accept, broken) => {
  const app = await start(spelling, ACCEPTS[accept]!)
  await expect.poll(() => current(app)).toBe('v1!')
  const { file, content, says } = BROKEN[broken]!
  const report = await app.after(() => app.write(file, content))
  expect(report).toMatchObject({ outcome: 'failed', evaluated: 0 })
  expect(app.logs.find((line) => line.startsWith('[vite-tether] update failed'))).toMatch(says)
  expect(app.logs).not.toContain('main disposed')
  expect(await current(app)).toBe('v1!')
  // a second failure, and then the correction, with another value
  await app.after(() => app.write(file, `${content}\n`))
  expect(await current(app)).toBe('v1!')
  await app.after(() => app.write(file, file === 'mark.js' ? `export const mark = '?'` : routes('v2')))
  await expect.poll(() => current(app)).toBe(file === 'mark.js' ? 'v1?' : 'v2!')
})

const LATER = {
  // its rejection is seen to, as an app must: Node ends a process for one that is not
  'then()': `import('./a.js').then((it) => log('got ' + it.a), (error) => log('rejected ' + error.message))`,
  'try and catch': `try { log('got ' + (await import('./a.js')).a) } catch (error) { log('rejected ' + error.message) }`,
  'a computed specifier': `const file = './a.js'; import(/* @vite-ignore */ file).then((it) => log('got ' + it.a), (error) => log('rejected ' + error.message))`,
  'an absolute path': `import(/* @vite-ignore */ import.meta.dirname + '/a.js').then((it) => log('got ' + it.a), (error) => log('rejected ' + error.message))`,
}

const rejections = Object.entries(LATER).flatMap(([spelling, main]) =>
  ['import.meta.hot.accept()', `import.meta.hot.accept('./a.js', ({ a }) => log('got ' + a))`, ''].flatMap((accept) => [
    [spelling, accept, 'in an update', main] as const,
    [spelling, accept, 'at the start', main] as const,
  ]),
)

test.each(rejections)(
  '%s with %j: an import() that failed %s is made good by a correction of what it needed',
  async (...row) => {
    const [, accept, when, main] = row
    const good = `export const c = 'good'`
    const thrown = `throw new Error('no'); export const c = 1`
    const app = await attached.start({
      entry: '/main.js',
      files: {
        'main.js': `${main}\n${accept}`,
        'a.js': `import { b } from './b.js'; export const a = b`,
        'b.js': `export { c as b } from './c.js'`,
        'c.js': when === 'at the start' ? thrown : good,
      },
    })
    if (when === 'in an update') {
      await app.until(() => app.logs.includes('got good'))
      app.write('c.js', thrown)
    }
    await app.until(() => app.logs.some((line) => /rejected no|update failed.*no/.test(line)))
    app.write('c.js', `export const c = 'better'`)
    await app.until(() => app.logs.includes('got better'))
  },
)

const unloadable = rejections.filter(([, , when]) => when === 'at the start')

test.each(unloadable)(
  '%s with %j: a module that could not be loaded %s is loaded once it is corrected',
  async (...row) => {
    const [, accept, , main] = row
    const app = await attached.start({
      entry: '/main.js',
      files: {
        'main.js': `${main}\n${accept}`,
        'a.js': `import { b } from './b.js'; export const a = b`,
        'b.js': `export { c as b } from './c.js'`,
        'c.js': 'export const c = ',
      },
    })
    await app.until(() => app.logs.some((line) => line.startsWith('rejected')))
    app.write('c.js', `export const c = 'better'`)
    await app.until(() => app.logs.includes('got better'))
  },
)

test('what a request loads, and fails, is told to the request, and the next one gets the correction', async () => {
  const app = await attached.start({
    entry: '/main.js',
    files: {
      'main.js': `export const answer = async () => (await import('./late.js')).default\nimport.meta.hot.accept()`,
      'late.js': 'export default (',
    },
  })
  const answer = async () => (await app.import('/main.js')).answer()
  await expect(answer()).rejects.toMatchObject({ id: app.path('late.js') })
  await app.after(() => app.write('late.js', `throw new Error('at once')`))
  await expect(answer()).rejects.toThrow('at once')
  await app.after(() => app.write('late.js', 'export default 1'))
  expect(await answer()).toBe(1)
  // replaced, and not asked for since
  await app.after(() => app.write('late.js', 'export default 2'))
  const report = await app.after(() => app.write('late.js', 'export default ('))
  expect(report).toMatchObject({ outcome: 'failed' })
  await expect(answer()).rejects.toMatchObject({ id: app.path('late.js') })
  await app.after(() => app.write('late.js', 'export default 3'))
  expect(await answer()).toBe(3)
})
