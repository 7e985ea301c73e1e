import { Injectable } from '@nestjs/common'
import type { Ticket } from './ticket.js'

// Providers are made anew with each application; what has to stay is kept by the module, in `hot.data`.
const tickets: Map<number, Ticket> = import.meta.hot?.data.tickets ?? new Map()
if (import.meta.hot) import.meta.hot.data.tickets = tickets

@Injectable()
export class TicketsRepository {
  all(): Ticket[] {
    return [...tickets.values()]
  }

  find(id: number): Ticket | undefined {
    return tickets.get(id)
  }

  insert(ticket: Omit<Ticket, 'id'>): Ticket {
    const stored = { id: tickets.size + 1, ...ticket }
    tickets.set(stored.id, stored)
    return stored
  }
}
