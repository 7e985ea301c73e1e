import { Inject, Injectable, NotFoundException } from '@nestjs/common'
import { CLOCK, type Clock } from '../common/clock.js'
import type { NewTicket, Ticket } from './ticket.js'
import { TicketsRepository } from './tickets.repository.js'

@Injectable()
export class TicketsService {
  constructor(
    private readonly repository: TicketsRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  list(state?: Ticket['state']): Ticket[] {
    return this.repository.all().filter((ticket) => state === undefined || ticket.state === state)
  }

  find(id: number): Ticket {
    const ticket = this.repository.find(id)
    if (!ticket) throw new NotFoundException(`no ticket ${id}`)
    return ticket
  }

  open(ticket: NewTicket): Ticket {
    return this.repository.insert({ ...ticket, state: 'open', opened: new Date(this.clock()).toISOString() })
  }

  close(id: number): Ticket {
    const ticket = this.find(id)
    ticket.state = 'closed'
    return ticket
  }
}
