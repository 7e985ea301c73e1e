import { relations } from 'drizzle-orm'
import { integer, pgTable, serial, text } from 'drizzle-orm/pg-core'

export const authors = pgTable('authors', {
  id: serial().primaryKey(),
  name: text().notNull().unique(),
})

export const books = pgTable('books', {
  id: serial().primaryKey(),
  title: text().notNull(),
  year: integer(),
  authorId: integer('author_id')
    .notNull()
    .references(() => authors.id),
})

export const authorsRelations = relations(authors, ({ many }) => ({ books: many(books) }))

export const booksRelations = relations(books, ({ one }) => ({
  author: one(authors, { fields: [books.authorId], references: [authors.id] }),
}))
