import express from 'express'
import { errors, notFound } from './middleware/errors.ts'
import { follow } from './routes/follow.ts'
import { health } from './routes/health.ts'
import { links } from './routes/links.ts'

export const app = express()

app.disable('x-powered-by')
app.use(express.json({ limit: '16kb' }))

app.use('/health', health)
app.use('/links', links)
app.use('/', follow)

app.use(notFound)
app.use(errors)
