import { Controller, Get, Res } from '@nestjs/common'
// a type only, but `emitDecoratorMetadata` keeps it as an import of a value that express does not export
import { Response } from 'express'
import { TicketsService } from './tickets.service.js'

@Controller('tickets.csv')
export class ExportController {
  constructor(private readonly tickets: TicketsService) {}

  @Get()
  export(@Res() response: Response) {
    response.type('text/csv')
    response.write('id,state,subject\n')
    for (const { id, state, subject } of this.tickets.list()) {
      response.write(`${id},${state},${JSON.stringify(subject)}\n`)
    }
    response.end()
  }
}
