import { expect, test } from 'vitest'
import { startKeepApp as start } from '../../support/keep.ts'
import { createProject } from '../../support/project.ts'
import { attach, startServer } from '../../support/tether.ts'

const keepPool = (name: string) => `
  import { keep } from 'vite-tether/keep'
  export const pool = keep('${name}', () => (say('open ${name}'), { name: '${name}' }), ({ name }) => say('close ' + name))
`

const accepting = (code: string) => `${code}\nimport.meta.hot.accept()\n`

test('a kept value outlives updates and reloads, and is disposed once when the runner closes, after the modules', async () => {
  const app = await start({
    'src/main.ts': accepting(
      `import { pool } from './pool.ts'; export { pool }; import.meta.hot.dispose(() => say('dispose main'))`,
    ),
    'src/pool.ts': keepPool('a'),
  })
  const { pool } = await app.exports()
  expect(app.said()).toEqual(['open a'])
  await app.after(() => app.write('src/pool.ts', `${keepPool('a')}\nexport const more = 1`))
  expect((await app.exports()).pool).toBe(pool)
  // nothing accepts the next one: a reload in place
  await app.after(() => app.edit('src/main.ts', 'import.meta.hot.accept()', 'export const reloaded = true'))
  const report = await app.after(() => app.edit('src/main.ts', 'reloaded = true', 'reloaded = 2'))
  expect(report).toMatchObject({ outcome: 'reloaded' })
  expect(await app.exports()).toMatchObject({ pool, reloaded: 2 })
  app.said()
  await app.close()
  expect(app.said()).toEqual(['dispose main', 'close a'])
})

test('a value that the new code no longer keeps is disposed after the update, and one under another key is created', async () => {
  const app = await start({ 'src/main.ts': accepting(keepPool('a')) })
  app.said()
  await app.after(() => app.write('src/main.ts', accepting(keepPool('b'))))
  expect(app.said()).toEqual(['open b', 'close a'])
  await app.after(() => app.write('src/main.ts', accepting('')))
  expect(app.said()).toEqual(['close b'])
  await app.close()
  expect(app.said()).toEqual([])
})

test('a value goes with a module that nothing imports any more', async () => {
  const app = await start({
    'src/main.ts': accepting(`import './pool.ts'`),
    'src/pool.ts': keepPool('a'),
  })
  app.said()
  await app.after(() => app.write('src/main.ts', accepting('')))
  expect(app.said()).toEqual(['close a'])
})

test('what an update that fails has created is disposed, and what was there stays', async () => {
  const app = await start({ 'src/main.ts': accepting(keepPool('a')) })
  app.said()
  const report = await app.after(() => app.write('src/main.ts', accepting(`${keepPool('b')}\nthrow new Error('no')`)))
  expect(report.error).toMatchObject({ message: 'no' })
  expect(app.said()).toEqual(['open b', 'close b'])
  await app.after(() => app.write('src/main.ts', accepting(keepPool('a'))))
  expect(app.said()).toEqual([])
})

test('a create that throws or rejects is tried again, and its error is the caller’s', async () => {
  const app = await start({
    'src/main.ts': `
      import { keep } from 'vite-tether/keep'
      let attempts = 0
      const outcomes = []
      for (const attempt of [1, 2, 3]) {
        try { outcomes.push(keep('sync', () => { if (++attempts < 2) throw new Error('not yet'); return attempts })) }
        catch (error) { outcomes.push(error.message) }
      }
      let later = 0
      const connect = () => keep('async', async () => { if (++later < 2) throw new Error('refused'); return later })
      for (const attempt of [1, 2, 3]) outcomes.push(await connect().catch((error) => error.message))
      export { outcomes }
    `,
  })
  expect((await app.exports()).outcomes).toEqual(['not yet', 2, 2, 'refused', 2, 2])
})

test('dispose gets what an asynchronous create resolved to, and the dispose of the newest code is called', async () => {
  const code = (version: number) =>
    accepting(`
      import { keep } from 'vite-tether/keep'
      export const client = await keep('client', async () => ({ id: 7 }), async ({ id }) => say('close ${version} ' + id))
    `)
  const app = await start({ 'src/main.ts': code(1) })
  await app.after(() => app.write('src/main.ts', code(2)))
  expect((await app.exports()).client).toEqual({ id: 7 })
  await app.close()
  expect(app.said()).toEqual(['close 2 7'])
})

test('two modules cannot keep a value under one key, and a key may move from one to the other', async () => {
  const app = await start({
    'src/main.ts': accepting(`import './one.ts'; import './two.ts'`),
    'src/one.ts': keepPool('a'),
    'src/two.ts': 'export {}',
  })
  app.said()
  const report = await app.after(() => app.write('src/two.ts', keepPool('a')))
  expect(report.error).toMatchObject({ code: 'ERR_KEY' })
  expect(report.error.message).toMatch(/'a' of keep\(\).*one\.ts.*two\.ts/)
  // the move is complete with the second save
  await app.after(() => app.write('src/one.ts', 'export {}'))
  expect(app.said()).toEqual([])
  await app.close()
  expect(app.said()).toEqual(['close a'])
})

test('a value that a function keeps stays until its module is gone', async () => {
  const code = (version: number) =>
    accepting(`
      import { keep } from 'vite-tether/keep'
      export const pool = () => keep('late', () => (say('open'), {}), () => say('close'))
      export const version = ${version}
    `)
  const app = await start({
    'src/main.ts': accepting(`export * from './late.ts'`),
    'src/late.ts': code(1),
  })
  const pool = (await app.exports()).pool()
  await app.after(() => app.write('src/late.ts', code(2)))
  expect((await app.exports()).pool()).toBe(pool)
  expect(app.said()).toEqual(['open'])
  await app.after(() => app.write('src/main.ts', accepting('')))
  expect(app.said()).toEqual(['close'])
})

test('two runners in one process keep values of their own', async () => {
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'src/main.ts': `import { keep } from 'vite-tether/keep'; export const own = keep('own', () => ({}))`,
  })
  const server = await startServer(project.root, { attach: true })
  const [one, two] = await Promise.all([attach(server, project.root), attach(server, project.root)])
  const first = await one.runner.import('/src/main.ts')
  expect((await two.runner.import('/src/main.ts')).own).not.toBe(first.own)
})

test('a missing name of the module is the SyntaxError that it would be under Node', async () => {
  await expect(start({ 'src/main.ts': `import { forget } from 'vite-tether/keep'; forget()` })).rejects.toThrow(
    /does not provide an export named 'forget'/,
  )
})
