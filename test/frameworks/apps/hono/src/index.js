import { Hono } from 'hono'
import { value } from './value.js'

const app = new Hono()
app.get('/', (context) => context.html(`<p>page ${value}</p>`))

export default app
