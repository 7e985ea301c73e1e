import { Controller, Get } from '@nestjs/common'
import { TicketsService } from '../tickets/tickets.service.js'

@Controller('health')
export class HealthController {
  constructor(private readonly tickets: TicketsService) {}

  @Get()
  check() {
    return { ok: true, pid: process.pid, uptime: Math.round(process.uptime()), open: this.tickets.list('open').length }
  }
}
