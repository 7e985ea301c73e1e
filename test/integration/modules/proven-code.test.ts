/** Code that is proven to be current is compared when nothing else is to be done, and a save of it at once. */
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createFeed } from '../../../src/server/modules/feed.ts'
import { createRecords } from '../../../src/server/modules/records.ts'
import type { Change } from '../../../src/shared/types.ts'
import { createProject } from '../../support/project.ts'
import { startEnvironment } from '../../support/records.ts'

const COUNT = 40
const names = Array.from({ length: COUNT }, (_, index) => `m${index}.ts`)
const files = Object.fromEntries(names.map((name, index) => [name, `export const value = ${index}`]))

/** A feed to which a runner announces all modules, as a start has left them, while Vite has transformed none. */
async function start() {
  const project = createProject({ ...files, 'main.ts': names.map((name) => `import './${name}'`).join('\n') })
  const before = await startEnvironment(project.root, null)
  const held: Record<string, string> = {}
  await createRecords(before).fetch(
    '/main.ts',
    undefined,
    () => undefined,
    ({ id, hash }) => {
      held[id] = hash
    },
  )
  const environment = await startEnvironment(project.root, null)
  const records = createRecords(environment)
  const sent: Change[] = []
  const feed = createFeed('test', async () => records, {
    change: (change) => sent.push(change),
    failed: (error) => {
      throw error
    },
    modules: () => {},
    room: async () => {},
    waits: false,
  })
  const hasCode = (id: string) => environment.moduleGraph.getModuleById(id)?.transformResult != null
  const transformed = () => Object.keys(held).filter(hasCode).length
  return { project, held, feed, sent, hasCode, transformed }
}

test('what is proven is compared after the answer, in parts, and what differs all the same is sent', async () => {
  const { project, held, feed, sent, transformed } = await start()
  const different = project.path('m30.ts')
  held[different] = 'of another code'
  const change = await feed.compare(held, () => true)
  expect(change).toMatchObject({ modules: [], seeds: [], failed: [] })
  expect(transformed()).toBe(0)
  await feed.compared
  expect(transformed()).toBe(COUNT + 1)
  expect(sent.map(({ modules }) => modules.map(({ id }) => id))).toEqual([[different]])
})

test('what is not proven is compared before the answer', async () => {
  const { project, held, feed, hasCode, transformed } = await start()
  const [one, other] = [project.path('m1.ts'), project.path('m2.ts')]
  project.write('m1.ts', 'export const value = "saved"')
  const change = await feed.compare(held, (id) => id !== one && id !== other)
  expect(change.modules.map(({ id }) => id)).toEqual([one])
  expect(hasCode(other)).toBe(true)
  expect(transformed()).toBe(2)
  await feed.compared
})

test('a save of a module that Vite does not know yet does not wait for the others', async () => {
  const { project, held, feed, sent, transformed } = await start()
  const id = project.path('m39.ts')
  const compared = feed.compare(held, () => true)
  project.write('m39.ts', 'export const value = "saved"')
  feed.saveUnknown(id)
  await compared
  while (sent.length === 0) await setImmediate()
  expect(sent.map(({ seeds, modules }) => [seeds, modules.map(({ url }) => url)])).toEqual([[[id], ['/m39.ts']]])
  expect(transformed()).toBeLessThan(COUNT)
  await feed.compared
  // it is sent once
  expect(sent).toHaveLength(1)
  feed.saveUnknown(id)
  feed.saveUnknown(project.path('none.ts'))
  await setImmediate()
  expect(feed.pending).toBe(true)
  feed.answered(sent[0]!.seq)
  expect(feed.pending).toBe(false)
})

test('a module that is removed before it is compared is told of', async () => {
  const { project, held, feed, sent } = await start()
  const id = project.path('m39.ts')
  await feed.compare(held, () => true)
  project.remove('m39.ts')
  feed.saveUnknown(id)
  while (sent.length === 0) await setImmediate()
  expect(sent[0]!.failed.map((failed) => failed.id)).toEqual([id])
  await feed.compared
})

test('the end of the runner ends the comparison, and so does a loss of messages, after which all is compared anew', async () => {
  const { held, feed, transformed } = await start()
  await feed.compare(held, () => true)
  feed.lost()
  await feed.compared
  expect(transformed()).toBeLessThan(COUNT)
  await feed.compare(held)
  expect(transformed()).toBe(COUNT + 1)
  const next = await start()
  await next.feed.compare(next.held, () => true)
  next.feed.end()
  await next.feed.compared
  expect(next.transformed()).toBeLessThan(COUNT)
})
