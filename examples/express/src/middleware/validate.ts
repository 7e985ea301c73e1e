import { z } from 'zod'
import { HttpError } from './errors.ts'

/** The value as the schema gives it; answers 400 with readable issues where it does not fit. */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value)
  if (!result.success) throw new HttpError(400, z.prettifyError(result.error))
  return result.data
}
