import { createHTTPServer } from '@trpc/server/adapters/standalone'
import { router } from './router.ts'

createHTTPServer({ router }).listen(Number(process.env.PORT))
