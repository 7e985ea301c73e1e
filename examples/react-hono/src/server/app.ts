import { Hono } from 'hono'
import { api } from './api.ts'

const app = new Hono().route('/api', api)

export type Api = typeof app

// nothing listens: vite-tether has what is exported here answer
export default app
