/** A module that waits for its next request has no instance: what it shared with the last one stays as long as its code needs it. */
import { expect, test } from 'vitest'
import { drivers } from '../../support/hmr-driver.ts'

/** The ways in which the module that waits gets another. */
const SPELLINGS: Record<string, (file: string) => string> = {
  'a static import': (file) => `import { n } from './${file}'; export const get = () => n`,
  'a re-export': (file) => `export { n } from './${file}'; export const get = () => 1`,
  'an import() that has begun': (file) => `const it = import('./${file}'); export const get = async () => (await it).n`,
  'an import() in a function': (file) => `export const get = async () => (await import('./${file}')).n`,
}

const LEAVES: Record<string, string | undefined> = {
  'no longer imports it': undefined,
  'imports it under another name': 'other.js',
}

const cases = drivers.flatMap((driver) =>
  Object.keys(SPELLINGS).flatMap((spelling) =>
    Object.keys(LEAVES).map((leaves) => ({ driver, name: driver.name, spelling, leaves })),
  ),
)

test.each(cases)(
  '$spelling: a module is let go of when the one that waits $leaves, $name',
  async ({ driver, spelling, leaves }) => {
    const code = SPELLINGS[spelling]!
    const shared = `log('shared made'); export const n = 1
      import.meta.hot.dispose(() => log('shared disposed')); import.meta.hot.prune(() => log('shared pruned'))`
    const app = await driver.start({
      entry: '/main.js',
      files: {
        'main.js': `export const ask = async () => (await import('./route.js')).get(); import.meta.hot.accept()`,
        'route.js': code('shared.js'),
        'shared.js': shared,
      },
    })
    const ask = async () => (await app.import('/main.js')).ask()
    expect(await ask()).toBe(1)
    await app.after(() => app.write('route.js', `${code('shared.js')}; throw new Error('no')`))
    expect(app.logs.filter((line) => line.startsWith('shared'))).toEqual(['shared made'])
    const other = LEAVES[leaves]
    const next = other ? code(other) : 'export const get = () => 1'
    if (other) app.rename('shared.js', other)
    app.write('route.js', `${next}; throw new Error('no')`)
    await app.until(() => app.logs.includes('shared pruned'))
    app.write('route.js', next)
    await expect.poll(() => ask().catch(() => 'no')).toBe(1)
    expect(app.logs.filter((line) => line.startsWith('shared'))).toEqual([
      'shared made',
      'shared disposed',
      'shared pruned',
      ...(other ? ['shared made'] : []),
    ])
  },
)
