/** A failed evaluation leaves nothing of what it has written into `hot.data`. */
import { expect, test } from 'vitest'
import { drivers } from '../../support/hmr-driver.ts'

const WRITES: Record<string, string> = {
  'writes to': `data.kept = 'bad'; data.more = 'bad'`,
  'deletes from': `delete data.kept; data.more = 'bad'`,
  'takes over and empties': `globalThis.taken = data.kept; for (const key of Object.keys(data)) delete data[key]`,
}
const DISPOSES: Record<string, string> = {
  'without dispose': '',
  'with dispose': `import.meta.hot.dispose((data) => { data.disposed = true })`,
}

const cases = drivers.flatMap(({ name, start }) =>
  Object.keys(WRITES).flatMap((write) => Object.keys(DISPOSES).map((dispose) => ({ name, start, write, dispose }))),
)

test.each(cases)(
  '$name, $dispose: code that $write hot.data and throws leaves no trace',
  async ({ start, write, dispose }) => {
    const code = (more: string) => `
    const data = import.meta.hot.data
    ${more}
    data.kept ??= 'good'
    export const look = () => ({ ...data, isSame: data === import.meta.hot.data })
    import.meta.hot.accept()
    ${DISPOSES[dispose]}`
    const app = await start({
      entry: '/main.js',
      files: { 'main.js': code(''), 'fresh.js': `import.meta.hot.data.fresh = 1; export {}` },
    })
    const look = async () => (await app.import('/main.js')).look()
    const bad = `import './fresh.js'; ${WRITES[write]}; throw new Error('no')`
    expect(await app.after(() => app.write('main.js', code(bad)))).toMatchObject({ outcome: 'failed' })
    const disposed = dispose === 'with dispose' && { disposed: true }
    expect(await look()).toEqual({ kept: 'good', isSame: true, ...disposed })
    await app.after(() => app.write('main.js', code('/* good */')))
    expect(await look()).toEqual({ kept: 'good', isSame: true, ...disposed })
  },
)
