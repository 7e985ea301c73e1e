import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isAlive, until } from '../support/child.ts'
import { type ExampleApp, keepAsking, processesIn, startExample } from '../support/example.ts'

interface Example {
  name: string
  /** Vite's, in the folder of the example. */
  root?: string
  env?: Record<string, string>
  /** Puts something into the app's memory; what it resolves with is handed to `see`. */
  fill(app: ExampleApp): Promise<unknown>
  /** The answer that a client gets through the route or handler that is edited. */
  see(app: ExampleApp, filled: unknown): Promise<unknown>
  edit: { file: string; from: string; to: string }
  /** The results of `see` before and after the edit. */
  before: unknown
  after: unknown
  /** `true` where no update is accepted: each save is a new process. */
  restarts?: boolean
  /** The result of `see` in a new process, where `also` has changed it. Default: `before`. */
  again?: unknown
  /** The checks that only this app has; runs when it has been updated in place. */
  also?(app: ExampleApp): Promise<void>
  /** The exit code after Ctrl+C, where the app handles the signal itself. Default: 130. */
  code?: number
}

const examples: Example[] = [
  {
    name: 'hono',
    fill: (app) => app.post('/tasks', { title: 'write docs' }),
    see: (app) => app.get('/tasks?done=false'),
    edit: { file: 'src/services/tasks.ts', from: '.filter(', to: '.map((task) => ({ ...task, late: true })).filter(' },
    before: [{ id: '1', title: 'write docs', done: false }],
    after: [{ id: '1', title: 'write docs', done: false, late: true }],
  },
  {
    name: 'express',
    fill: (app) => app.post('/links', { code: 'home', url: 'https://example.org' }),
    see: (app) => app.get('/links'),
    edit: {
      file: 'src/routes/links.ts',
      from: 'response.json(listLinks())',
      to: 'response.json({ links: listLinks() })',
    },
    before: [{ code: 'home', url: 'https://example.org', visits: 0 }],
    after: { links: [{ code: 'home', url: 'https://example.org', visits: 0 }] },
  },
  {
    name: 'nestjs',
    fill: (app) => app.post('/tickets', { subject: 'No light' }),
    see: (app) => app.get('/tickets.csv'),
    edit: { file: 'src/tickets/export.controller.ts', from: "'id,state,subject\\n'", to: "'ID,STATE,SUBJECT\\n'" },
    before: 'id,state,subject\n1,open,"No light"\n',
    after: 'ID,STATE,SUBJECT\n1,open,"No light"\n',
    async also(app) {
      // Nest cannot start this application: the one before goes on
      const unknown = () => app.edit('src/tickets/tickets.module.ts', 'TicketsRepository, {', '{')
      await app.after(unknown, /still runs the code from before/)
      expect(app.cli.text).toContain("Nest can't resolve dependencies of the TicketsService")
      expect(await app.get('/tickets/1')).toMatchObject({ subject: 'No light' })
      const known = () =>
        app.edit(
          'src/tickets/tickets.module.ts',
          'providers: [TicketsService, {',
          'providers: [TicketsService, TicketsRepository, {',
        )
      await app.after(known, /hot updated: /)
      expect(await app.get('/tickets/1')).toMatchObject({ subject: 'No light' })
    },
  },
  {
    name: 'queue',
    env: { REPORT_EVERY: '50' },
    fill: (app) => doJob(app, 'one two'),
    async see(app, first) {
      const { id } = first as { id: number }
      const { result } = (await app.get(`/jobs/${id}`)) as Job
      return { first: result, next: (await doJob(app, 'one two three')).result }
    },
    edit: { file: 'src/handlers/count-words.ts', from: 'return { words:', to: "return { language: 'en', words:" },
    before: { first: { words: 2 }, next: { words: 3 } },
    after: { first: { words: 2 }, next: { words: 3, language: 'en' } },
    async also(app) {
      const reports = async () => ((await app.get('/jobs')) as Job[]).filter(({ name }) => name === 'report')
      await app.after(
        () => app.edit('src/schedule.ts', "add('report', undefined)", "add('report', 'new')"),
        /hot updated: src\/schedule\.ts/,
      )
      const { length } = await reports()
      const since = await until(async () => {
        const later = (await reports()).slice(length)
        return later.length >= 4 && later
      }, 'four reports after the update')
      // the timer of the module that was replaced is gone
      expect(since.map(({ payload }) => payload)).toEqual(since.map(() => 'new'))
    },
  },
  {
    name: 'drizzle',
    // outside the process, so that its restart finds what is there
    env: { DATABASE_DIR: 'node_modules/.database' },
    async fill(app) {
      const books = (await app.get('/books')) as unknown[]
      if (books.length === 0) await app.post('/books', { title: 'Emma', author: 'Jane Austen', year: 1815 })
    },
    see: (app) => app.get('/books'),
    edit: { file: 'src/routes/books.ts', from: 'c.json(rows)', to: 'c.json({ books: rows })' },
    before: [{ title: 'Emma', author: 'Jane Austen', year: 1815 }],
    after: { books: [{ title: 'Emma', author: 'Jane Austen', year: 1815 }] },
    async also(app) {
      const opened = ((await app.get('/health')) as { database: unknown }).database
      const route = app.read('src/routes/books.ts')
      for (let edition = 1; edition <= 100; edition++) {
        const more = `\nbooks.get('/edition', (c) => c.json(${edition}))\n`
        await app.after(() => app.write('src/routes/books.ts', route + more), /hot updated: /)
        if (edition % 20 === 0) expect(await app.get('/books/edition')).toBe(edition)
      }

      // the schema and its migration, saved while the app runs
      app.write('drizzle/0001_isbn.sql', 'ALTER TABLE "books" ADD COLUMN "isbn" text;')
      const journal = JSON.parse(app.read('drizzle/meta/_journal.json')) as { entries: unknown[] }
      journal.entries.push({ idx: 1, version: '7', when: 1770000000000, tag: '0001_isbn', breakpoints: true })
      app.write('drizzle/meta/_journal.json', JSON.stringify(journal))
      const wider = () => app.edit('src/schema.ts', 'year: integer(),', 'year: integer(),\n  isbn: text(),')
      await app.after(wider, /hot updated: /)
      expect(await app.get('/authors')).toMatchObject([{ books: [{ title: 'Emma', isbn: null }] }])

      expect(await app.get('/health')).toMatchObject({ database: opened })
      expect(app.cli.text.match(/Postgres opened/g)).toHaveLength(1)
    },
  },
  {
    name: 'monorepo',
    root: 'apps/api',
    fill: (app) => app.post('/cart/tea'),
    see: (app) => app.get('/cart'),
    // a package that the app and another package import
    edit: { file: 'packages/pricing/src/currency.ts', from: ' EUR', to: ' €' },
    before: { lines: { tea: 1 }, total: '4.50 EUR' },
    after: { lines: { tea: 1 }, total: '4.50 €' },
    async also(app) {
      await app.after(() => app.edit('packages/catalog/src/index.ts', 'Green tea', 'Mint tea'), /hot updated: /)
      // a busy system may tell of the save before twice, and the terminal of an update each time
      await expect.poll(() => app.get('/products')).toContainEqual({ sku: 'tea', label: 'Mint tea, 4.50 EUR' })
      expect(await app.get('/cart')).toMatchObject({ lines: { tea: 1 } })
    },
  },
  {
    name: 'express-commonjs',
    restarts: true,
    fill: (app) => app.post('/entries', { name: 'Ada', text: 'Hello' }),
    see: (app) => app.get('/entries'),
    edit: { file: 'src/routes/entries.js', from: 'entries.list()', to: '{ entries: entries.list() }' },
    before: [{ id: 1, name: 'Ada', text: 'Hello' }],
    after: { entries: [{ id: 1, name: 'Ada', text: 'Hello' }] },
    code: 0,
  },
  {
    name: 'fastify',
    // the files that autoload finds are no part of Vite's graph
    restarts: true,
    fill: (app) => app.post('/notes', { text: 'Hello' }),
    see: (app) => app.get('/notes'),
    edit: { file: 'src/routes/notes/index.ts', from: 'fastify.notes.all()', to: '({ notes: fastify.notes.all() })' },
    before: [{ id: 1, text: 'Hello' }],
    after: { notes: [{ id: 1, text: 'Hello' }] },
    async also(app) {
      const pid = await app.pid()
      await app.after(() => app.edit('src/errors.ts', 'nothing at', 'there is no'), /hot updated: /)
      const nowhere = await fetch(`http://localhost:${app.port}/nowhere`)
      expect(await nowhere.json()).toEqual({ error: 'there is no /nowhere' })
      expect(await app.get('/notes')).toEqual([{ id: 1, text: 'Hello' }])
      expect(await app.pid()).toBe(pid)
    },
  },
]

interface Job {
  id: number
  name: string
  state: string
  payload: unknown
  result: unknown
}

/** Queues a text to be counted and resolves with the finished job. */
async function doJob(app: ExampleApp, text: string): Promise<Job> {
  const { id } = (await app.post('/jobs', { name: 'count-words', payload: { text } })) as Job
  return until(async () => {
    const job = (await app.get(`/jobs/${id}`)) as Job
    return job.state === 'done' && job
  }, `job ${id}`)
}

const BROKEN = '\nconst = 1\n'

/** The whole life of an example under the command. */
async function drive(example: Example): Promise<void> {
  const { edit, before, after, restarts = false } = example
  const app = await startExample(example.name, example.env)
  const first = await app.pid()
  let filled = await example.fill(app)
  expect(await example.see(app, filled)).toEqual(before)

  const update = async (save: () => void) => {
    await app.after(save, restarts ? / on http:/ : /hot updated: /)
    if (restarts) filled = await example.fill(app)
  }
  const asking = restarts ? undefined : keepAsking(app)
  const original = app.read(edit.file)
  await update(() => app.edit(edit.file, edit.from, edit.to))
  expect(await example.see(app, filled)).toEqual(after)

  await app.after(() => app.write(edit.file, app.read(edit.file) + BROKEN), /still runs the code from before/)
  expect(await example.see(app, filled)).toEqual(after)

  await update(() => app.write(edit.file, original))
  expect(await example.see(app, filled)).toEqual(before)
  // no request failed meanwhile
  if (asking) expect(await asking.stop()).toBeGreaterThan(0)
  await example.also?.(app)
  const last = await app.pid()
  if (!restarts) expect(last).toBe(first)

  // no module: nothing can accept it
  await app.after(() => app.write(join(example.root ?? '', '.env'), 'NOTE=1'), /restarted: /)
  const next = await app.pid()
  expect(next).not.toBe(last)
  expect([first, last].filter(isAlive)).toEqual([])
  filled = await example.fill(app)
  expect(await example.see(app, filled)).toEqual(example.again ?? before)

  app.cli.child.kill('SIGINT')
  expect(await app.cli.exited).toEqual({ code: example.code ?? 130, signal: null })
  expect(isAlive(next)).toBe(false)
  expect(processesIn(app.root)).toEqual([])
  await expect(app.get('/health')).rejects.toThrow()
}

const all = examples.map((example) => [example.name, example] as const)

test.each(all)(
  'the example %s starts, is updated, outlives a syntax error, restarts, and ends',
  {
    timeout: 120_000,
  },
  (_, example) => drive(example),
)
