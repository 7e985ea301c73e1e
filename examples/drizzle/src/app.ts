import { Hono } from 'hono'
import { authors } from './routes/authors.ts'
import { books } from './routes/books.ts'
import { health } from './routes/health.ts'

export const app = new Hono()

app.route('/health', health)
app.route('/authors', authors)
app.route('/books', books)

app.onError((error, c) => {
  console.error(error)
  return c.json({ error: 'internal error' }, 500)
})
