import express from 'express'
import { votes } from './votes.ts'

const app = express()
app.use(express.json())
app.use('/api/votes', votes)

// nothing listens: vite-tether has what is exported here answer
export default app
