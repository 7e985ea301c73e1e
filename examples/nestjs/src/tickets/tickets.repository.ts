import { Injectable } from '@nestjs/common'
import { keep } from 'vite-tether/keep'
import type { Ticket } from './ticket.js'

// Providers are made anew with each application; what has to stay is kept outside of them.
const tickets = keep('tickets', () => new Map<number, Ticket>())

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
