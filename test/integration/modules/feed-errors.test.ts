/** An error of ours on the way to a runner is told, once, and nothing waits for what it has kept back. The end of the hub is none. */
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createFeed } from '../../../src/server/modules/feed.ts'
import { createRecords } from '../../../src/server/modules/records.ts'
import { TetherError } from '../../../src/shared/errors.ts'
import type { Change } from '../../../src/shared/types.ts'
import { createProject } from '../../support/project.ts'
import { startEnvironment } from '../../support/records.ts'

const COUNT = 20
const names = Array.from({ length: COUNT }, (_, index) => `m${index}.ts`)

/** A feed of which everything can be made to fail, and the code that its runner says to hold. */
async function start() {
  const project = createProject(Object.fromEntries(names.map((name) => [name, `export const name = '${name}'`])))
  const environment = await startEnvironment(project.root, null)
  const records = createRecords(environment)
  const held = Object.fromEntries(names.map((name) => [project.path(name), 'of another code']))
  const told: unknown[] = []
  const sent: Change[] = []
  const faults: { records?: Error | undefined; change?: Error | undefined } = {}
  const feed = createFeed(
    'test',
    async () => {
      if (faults.records) throw faults.records
      return records
    },
    {
      change(change) {
        if (faults.change) throw faults.change
        sent.push(change)
      },
      failed: (error) => told.push(error),
      modules: () => {},
      room: async () => {},
      waits: false,
    },
  )
  const save = (name: string, text: string) => {
    project.write(name, text)
    environment.moduleGraph.onFileChange(project.path(name))
    feed.save([project.path(name)])
  }
  return { project, feed, held, told, sent, faults, save }
}

const ERRORS = [
  ['the code is not found', 'records', new Error('no records'), true],
  ['the message is too large', 'change', new TetherError('ERR_TOO_LARGE', 'a message may have 1 byte'), true],
  ['the hub is closed', 'records', new TetherError('ERR_CLOSED', 'the hub is closed'), false],
  ['the session has ended', 'change', new TetherError('ERR_CLOSED', 'the session has ended'), false],
] as const

test.each(ERRORS)('what is compared late: %s', async (_, where, error, isTold) => {
  const { project, feed, held, told, sent, faults, save } = await start()
  await feed.compare(held, () => true)
  faults[where] = error
  await feed.compared
  expect(told).toEqual(isTold ? [error] : [])
  expect(sent).toEqual([])
  faults[where] = undefined
  // if nothing has told Vite's graph of this module, the feed has to remember that it was not compared
  if (where === 'change') save('m7.ts', 'export const saved = 1')
  else {
    project.write('m7.ts', 'export const saved = 1')
    feed.saveUnknown(project.path('m7.ts'))
  }
  while (sent.length === 0) await setImmediate()
  expect(sent[0]!.modules.map(({ url }) => url)).toEqual(['/m7.ts'])
  save('m7.ts', 'export const saved = 2')
  while (sent.length === 1) await setImmediate()
  expect(sent[1]!.modules[0]!.code).toContain('saved = 2')
})

test.each(ERRORS)('a save: %s', async (_, where, error, isTold) => {
  const { project, feed, held, told, sent, faults, save } = await start()
  await feed.compare(Object.fromEntries([[project.path('m1.ts'), held[project.path('m1.ts')]!]]))
  faults[where] = error
  save('m1.ts', 'export const saved = 1')
  if (isTold) while (told.length === 0) await setImmediate()
  await feed.lacks([]).catch(() => {})
  expect(told).toEqual(isTold ? [error] : [])
  faults[where] = undefined
  // of whatever module the next one is, it brings what was kept back
  feed.save([project.path('m1.ts')])
  while (sent.length === 0) await setImmediate()
  expect(sent[0]!.modules[0]!.code).toContain('saved = 1')
})
