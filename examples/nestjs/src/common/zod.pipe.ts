import { type ArgumentMetadata, BadRequestException, Injectable, type PipeTransform } from '@nestjs/common'
import { z } from 'zod'

/** Answers 400 with readable issues unless the body fits the schema. */
@Injectable()
export class ZodPipe implements PipeTransform {
  constructor(private readonly schema: z.ZodType) {}

  transform(value: unknown, { type }: ArgumentMetadata) {
    if (type !== 'body') return value
    const result = this.schema.safeParse(value)
    if (!result.success) throw new BadRequestException(z.prettifyError(result.error))
    return result.data
  }
}
