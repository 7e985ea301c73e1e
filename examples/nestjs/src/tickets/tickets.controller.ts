import { Body, Controller, Get, Param, ParseIntPipe, Patch, Post, UsePipes } from '@nestjs/common'
import { ZodPipe } from '../common/zod.pipe.js'
import { type NewTicket, newTicket } from './ticket.js'
import { TicketsService } from './tickets.service.js'

@Controller('tickets')
export class TicketsController {
  constructor(private readonly tickets: TicketsService) {}

  @Get()
  list() {
    return this.tickets.list()
  }

  @Get(':id')
  find(@Param('id', ParseIntPipe) id: number) {
    return this.tickets.find(id)
  }

  @Post()
  @UsePipes(new ZodPipe(newTicket))
  open(@Body() ticket: NewTicket) {
    return this.tickets.open(ticket)
  }

  @Patch(':id/close')
  close(@Param('id', ParseIntPipe) id: number) {
    return this.tickets.close(id)
  }
}
