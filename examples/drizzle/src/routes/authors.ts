import { Hono } from 'hono'
import { db } from '../db.ts'

export const authors = new Hono()

authors.get('/', async (c) => c.json(await db.query.authors.findMany({ with: { books: true } })))
