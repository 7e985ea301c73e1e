import { Module } from '@nestjs/common'
import { HealthController } from './health/health.controller.js'
import { TicketsModule } from './tickets/tickets.module.js'

@Module({
  imports: [TicketsModule],
  controllers: [HealthController],
})
export class AppModule {}
