import { Module } from '@nestjs/common'
import { CLOCK } from '../common/clock'
import { ExportController } from './export.controller'
import { TicketsController } from './tickets.controller'
import { TicketsRepository } from './tickets.repository'
import { TicketsService } from './tickets.service'

@Module({
  controllers: [ExportController, TicketsController],
  providers: [TicketsService, TicketsRepository, { provide: CLOCK, useValue: Date.now }],
  exports: [TicketsService],
})
export class TicketsModule {}
