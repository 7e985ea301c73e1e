/** Results of `fetch()` that are no answer: 500, and a line that says which request it was and what is wrong. */
import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { ask } from '../../support/requests.ts'
import { serving } from '../../support/serving.ts'

test('a Response that was sent or read before, or is none, is said, with the request and without a line of ours', async () => {
  const app = await startApp({
    'src/main.ts': `
      const shared = new Response('shared')
      const read = new Response('read')
      await read.text()
      const locked = new Response('locked')
      locked.body!.getReader()
      const empty = new Response(null, { status: 204 })
      const routes: Record<string, unknown> = {
        '/shared': shared, '/read': read, '/locked': locked, '/empty': empty, '/error': Response.error(), '/text': 'text', '/null': null,
      }
      export default { fetch: ({ url }: Request) => routes[new URL(url).pathname] }
    `,
  })
  const { target } = (await serving(app, (view) => view.serving !== undefined)).serving!
  const get = async (path: string) => {
    const { status, body } = await ask({ ...target, path })
    return `${status} ${body}`
  }
  expect(await get('/shared')).toBe('200 shared')
  expect([await get('/empty'), await get('/empty')]).toEqual(['204 ', '204 '])
  const faults = [
    ['/shared', 'The body of its Response was read or sent before: each request needs one of its own.'],
    ['/read', 'The body of its Response was read or sent before: each request needs one of its own.'],
    ['/locked', 'The body of its Response was read or sent before: each request needs one of its own.'],
    ['/error', 'Response.error() has no status.'],
    ['/text', "Expected a Response, got 'text'."],
    ['/null', 'Expected a Response, got null.'],
    ['/missing', 'Expected a Response, got undefined.'],
  ] as const
  for (const [path, fault] of faults) {
    expect(await get(path)).toBe('500 Internal Server Error')
    expect(await app.line(new RegExp(`GET ${path}:`))).toBe(
      `[vite-tether] GET ${path}: fetch() has given no answer. ${fault}`,
    )
  }
  expect(app.lines.filter((line) => /^\s+at /.test(line))).toEqual([])
})
