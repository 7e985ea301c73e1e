import { createServer, type Server } from 'node:http'
import { expectTypeOf, test } from 'vitest'
import { keep, listen } from '../../src/keep.ts'

// checked by tsc; nothing of it runs
const never = (_use: () => void) => {}

test('keep() and listen() are typed by what they are given', () => {
  never(() => {
    expectTypeOf(keep('map', () => new Map<string, number>())).toEqualTypeOf<Map<string, number>>()
    expectTypeOf(
      keep(
        'later',
        async () => ({ id: 1 }),
        ({ id }) => id.toFixed(),
      ),
    ).toEqualTypeOf<Promise<{ id: number }>>()
    const makeMap = () => new Map<string, number>()
    // @ts-expect-error the value is a map, not a set
    keep('map', makeMap, (value: Set<string>) => value.clear())
    // @ts-expect-error a key is a string
    keep(1, () => 1)
    expectTypeOf(listen((_request, response) => void response.end(), 3000)).toEqualTypeOf<Server>()
    listen(createServer(), { port: 3000, host: '::1' }, () => {})
    listen(createServer(), '/tmp/app.sock')
    expectTypeOf(module.hot?.data).toBeAny()
    module.hot?.accept('./app', () => {})
    // @ts-expect-error as `import.meta.hot`, it has no such function
    module.hot?.reload()
    // @ts-expect-error what Hono's app is: its adaptor makes a handler or a server of it
    listen({ fetch: () => new Response() }, 3000)
  })
})
