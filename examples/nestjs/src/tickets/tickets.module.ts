import { Module } from '@nestjs/common'
import { CLOCK } from '../common/clock.js'
import { ExportController } from './export.controller.js'
import { TicketsController } from './tickets.controller.js'
import { TicketsRepository } from './tickets.repository.js'
import { TicketsService } from './tickets.service.js'

@Module({
  controllers: [ExportController, TicketsController],
  providers: [TicketsService, TicketsRepository, { provide: CLOCK, useValue: Date.now }],
  exports: [TicketsService],
})
export class TicketsModule {}
