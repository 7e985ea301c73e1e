/** The recipes of docs/recipes.md that answer requests: the next request has the new code, and what was not saved is there. */
import { beforeAll, expect, test } from 'vitest'
import { cook, UNTRUE } from './recipe.ts'
import { installTether } from './support.ts'

beforeAll(installTether)

test('the recipe for GraphQL Yoga: an entry without a server, a schema that is made anew', async () => {
  const { server, url, edit, shows } = await cook('GraphQL Yoga')
  await shows('{"data":{"books":[]}}', '/graphql?query={books}')
  const added = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'mutation { add(title: "Momo") }' }),
  })
  expect(await added.json()).toEqual({ data: { add: 1 } })
  edit('src/books.ts', 'a book', 'a good book')
  await shows('{"data":{"books":["a good book: Momo"]}}', '/graphql?query={books}')
  await server.match(/hot updated: src\/api\.ts \(2 modules/)
  expect(server.text).not.toMatch(UNTRUE)
  expect(server.text).not.toMatch(/restarted/)
}, 60_000)

test('the recipe for tRPC: the next call has the new procedures', async () => {
  const { server, edit, shows } = await cook('tRPC')
  await shows('"Hello, Ann, visit 1"', '/greet?input="Ann"')
  edit('src/router.ts', 'Hello', 'Good day')
  await shows('"Good day, Ann, visit ', '/greet?input="Ann"')
  await shows('"code":"BAD_REQUEST"', '/greet?input=1')
  await server.match(/hot updated: src\/server\.ts \(2 modules/)
  expect(server.text).not.toMatch(UNTRUE)
  expect(server.text).not.toMatch(/restarted/)
}, 60_000)

test('the recipe for Drizzle: --once migrates and seeds, and the database is opened once', async () => {
  const { server, edit, shows } = await cook('Drizzle, migrations and seeds', undefined, {
    'drizzle/0000_books.sql': 'CREATE TABLE books (id integer PRIMARY KEY NOT NULL, name text NOT NULL);',
    'drizzle/meta/_journal.json': JSON.stringify({
      version: '7',
      dialect: 'sqlite',
      entries: [{ idx: 0, version: '6', when: 1, tag: '0000_books', breakpoints: true }],
    }),
  })
  await shows('We have Momo')
  edit('src/title.ts', 'We have', 'Here is')
  await shows('Here is Momo')
  await server.match(/hot updated: src\/server\.ts \(2 modules/)
  edit('src/schema.ts', 'integer().primaryKey()', 'integer().primaryKey({ autoIncrement: true })')
  await server.match(/hot updated: src\/server\.ts \(3 modules/)
  await shows('Here is Momo')
  expect(server.text.match(/database opened/g)).toHaveLength(1)
  expect(server.text).not.toMatch(UNTRUE)
  expect(server.text).not.toMatch(/restarted/)
}, 60_000)
