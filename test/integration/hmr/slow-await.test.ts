/** A top-level await that takes its time is waited for; a later save puts it off, and nothing is lost by that. */
import { expect, test } from 'vitest'
import { attached } from '../../support/hmr-driver.ts'

const ACCEPTS: Record<string, string> = {
  'accepts itself': `import.meta.hot.accept()`,
  'accepts the module': `import.meta.hot.accept('./leaf.js', (next) => { current = next.value })`,
  'accepts some exports': `import.meta.hot.acceptExports(['value', 'kept'])`,
  'accepts nothing': '',
}
const DISPOSES: Record<string, string> = {
  'without dispose': '',
  'with dispose': `import.meta.hot.dispose(() => log('main disposed'))`,
}

const leaf = (value: number, ms: number) => `
  log('leaf ${value} begins')
  await new Promise((resolve) => setTimeout(resolve, ${ms}))
  log('leaf ${value} ends')
  export const value = ${value}`

async function start(accept: string, more = '', onUnaccepted: 'restart' | 'reload' = 'reload') {
  return attached.start({
    entry: '/main.js',
    onUnaccepted,
    limits: { evaluate: 100, settle: 100 },
    files: {
      'main.js': `
        import { keep } from 'vite-tether/keep'
        import { value as first } from './leaf.js'
        import './other.js'
        let current = first
        export const value = () => current
        export const kept = keep('state', () => ({ made: true }), () => log('state disposed'))
        log('main runs with ' + first)
        ${accept}
        ${more}`,
      'leaf.js': leaf(1, 0),
      'other.js': `export const n = 1; import.meta.hot.accept(({ n }) => log('other ' + n))`,
    },
  })
}

const cases = Object.keys(ACCEPTS).flatMap((accept) =>
  Object.keys(DISPOSES).map((dispose) => [accept, dispose] as const),
)

test.each(cases)(
  'the entry %s, %s: three saves during a slow await are one update, said when it is there',
  async (...row) => {
    const [accept, dispose] = row
    const app = await start(ACCEPTS[accept]!, DISPOSES[dispose])
    const { kept } = await app.import('/main.js')
    app.said()
    for (const value of [2, 3, 4]) {
      await app.logsAfter(() => app.write('leaf.js', leaf(value, 400)), `leaf ${value} begins`)
    }
    await app.until(() => app.reports.some(({ outcome }) => outcome === 'updated' || outcome === 'reloaded'))
    const said = app.said()
    const after = said.slice(said.indexOf('leaf 4 ends'))
    // a reload is announced, as by Vite, and reported when it is done
    const updates = (lines: string[]) => lines.filter((line) => line.startsWith('[vite-tether] hot updated')).length
    expect([updates(said), updates(after)]).toEqual(accept === 'accepts nothing' ? [0, 0] : [1, 1])
    expect(said.filter((line) => /disposed/.test(line) && line !== 'main disposed')).toEqual([])
    expect(said.filter((line) => /main runs with [23]/.test(line))).toEqual([])
    const now = await app.import('/main.js')
    expect(now.value()).toBe(4)
    expect(now.kept).toBe(kept)
    // what was put off on the way has ended long since, and has changed nothing
    await app.after(() =>
      app.write('other.js', `export const n = 2; import.meta.hot.accept(({ n }) => log('other ' + n))`),
    )
    expect((await app.import('/main.js')).value()).toBe(4)
    expect(app.reports.map(({ outcome }) => outcome)).not.toContain('failed')
  },
)

test.each(Object.keys(ACCEPTS).slice(0, 3))(
  'with a policy of restart, and an entry that %s, a save meanwhile asks for no restart',
  async (accept) => {
    const app = await start(ACCEPTS[accept]!, '', 'restart')
    await app.logsAfter(() => app.write('leaf.js', leaf(2, 500)), 'leaf 2 begins')
    app.write('other.js', `export const n = 2; import.meta.hot.accept(({ n }) => log('other ' + n))`)
    await app.until(() => app.logs.includes('other 2'))
    await app.until(() => app.logs.some((line) => /hot updated: \/(main|leaf)\.js/.test(line)))
    expect(app.reports.map(({ outcome }) => outcome)).not.toContain('unaccepted')
    expect((await app.import('/main.js')).value()).toBe(2)
  },
)

test('an await that never ends holds up no other save, and is mended by the next one', async () => {
  const app = await start(ACCEPTS['accepts itself']!)
  await app.logsAfter(
    () => app.write('leaf.js', `log('hangs'); await new Promise(() => {}); export const value = 2`),
    'hangs',
  )
  await app.logsAfter(() => app.edit('other.js', 'n = 1', 'n = 2'), 'other 2')
  await app.logsAfter(() => app.edit('other.js', 'n = 2', 'n = 3'), 'other 3')
  expect((await app.import('/main.js')).value()).toBe(1)
  await app.logsAfter(() => app.write('leaf.js', leaf(3, 0)), '[vite-tether] hot updated: /main.js')
  expect((await app.import('/main.js')).value()).toBe(3)
  expect(app.logs).not.toContain('state disposed')
})
