import { asc, eq } from 'drizzle-orm'
import { Hono } from 'hono'
import { db } from '../db.ts'
import { authors, books as table } from '../schema.ts'

export const books = new Hono()

books.get('/', async (c) => {
  const rows = await db
    .select({ title: table.title, author: authors.name, year: table.year })
    .from(table)
    .innerJoin(authors, eq(table.authorId, authors.id))
    .orderBy(asc(table.title))
  return c.json(rows)
})

books.post('/', async (c) => {
  const { title, year, author } = await c.req.json<{ title?: string; year?: number; author?: string }>()
  if (!title || !author) return c.json({ error: 'a book needs a title and an author' }, 400)
  const book = await db.transaction(async (tx) => {
    await tx.insert(authors).values({ name: author }).onConflictDoNothing()
    const [{ id: authorId } = { id: 0 }] = await tx.select().from(authors).where(eq(authors.name, author))
    const [book] = await tx.insert(table).values({ title, year, authorId }).returning()
    return book
  })
  return c.json(book, 201)
})
