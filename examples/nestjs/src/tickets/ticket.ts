import { z } from 'zod'

export const newTicket = z.object({
  subject: z.string().trim().min(1).max(120),
  urgent: z.boolean().default(false),
})

export type NewTicket = z.infer<typeof newTicket>

export interface Ticket extends NewTicket {
  id: number
  state: 'open' | 'closed'
  opened: string
}
