import { validator } from 'hono/validator'
import { z } from 'zod'

/** Hono middleware that answers 400 with readable issues unless the body or the query fits the schema. */
export function validate<Target extends 'json' | 'query', Schema extends z.ZodType>(target: Target, schema: Schema) {
  return validator(target, (value, c) => {
    const result = schema.safeParse(value)
    if (result.success) return result.data as z.output<Schema>
    return c.json({ error: z.prettifyError(result.error) }, 400)
  })
}
