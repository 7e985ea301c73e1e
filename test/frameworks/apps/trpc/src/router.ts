import { initTRPC } from '@trpc/server'
import { z } from 'zod'
import { text } from './page.ts'

const t = initTRPC.create()

export const router = t.router({
  page: t.procedure.output(z.string()).query(() => text()),
})
