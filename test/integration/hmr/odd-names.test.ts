/** Characters in the names of folders and files that mean something in URLs, patterns or replacements: updated as any other. */
import { expect, test } from 'vitest'
import { drivers } from '../../support/hmr-driver.ts'

const NAMES: Record<string, string> = {
  'quotes, patterns, replacements': `a b'c"(x){z}[y]!$1$&`,
  'escapes of URLs': 'a%20b%2Fc%25',
  'separators of URLs': 'a@b+c&d=e,f;g',
  'letters beyond ASCII': 'café \u{1F600}',
  'a decomposed letter': 'cafe\u0301',
  'dots and dashes': '..a--b~c.d',
}

const cases = drivers.flatMap((driver) =>
  Object.keys(NAMES).flatMap((name) => ['a folder', 'a file'].map((what) => ({ driver, by: driver.name, name, what }))),
)

test.each(cases)('$by: $name in the name of $what', async ({ driver, name, what }) => {
  const path = what === 'a file' ? `src/${NAMES[name]}.js` : `src/${NAMES[name]}/dep.js`
  const lazy = path.replace(/\.js$/, '.lazy.js')
  const literal = (file: string) => JSON.stringify(`./${file}`)
  const dep = (n: number) => `export const n = ${n}; log('dep ${n}'); import.meta.hot.dispose(() => log('gone ${n}'))`
  const app = await driver.start({
    entry: '/main.js',
    files: {
      'main.js': `
        import { n } from ${literal(path)}
        export const now = async () => [n, (await import(${literal(lazy)})).n]
        import.meta.hot.accept()`,
      [path]: dep(1),
      [lazy]: `import { n as own } from './${path.split('/').at(-1)!.replaceAll("'", "\\'")}'; export const n = own * 10`,
    },
  })
  const now = async () => (await app.import('/main.js')).now()
  expect(await now()).toEqual([1, 10])
  const report = await app.after(() => app.write(path, dep(2)))
  expect(report).toMatchObject({ outcome: 'updated' })
  expect(await now()).toEqual([2, 20])
  await app.after(() => app.write(lazy, 'export const n = 30'))
  expect(await now()).toEqual([2, 30])
  expect(app.logs.filter((line) => /^dep|^gone/.test(line))).toEqual(['dep 1', 'gone 1', 'dep 2'])
})
