import { EventEmitter, once } from 'node:events'
import { chmodSync, renameSync, rmSync, type Stats, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import type { ViteDevServer } from 'vite'
import { expect, test } from 'vitest'
import { catchLateSaves, noteContent } from '../../../../src/server/vite/late-saves.ts'
import { until } from '../../../support/child.ts'
import { createProject } from '../../../support/project.ts'

/** A watcher under our control, over a real file. */
function watch() {
  const { root, write } = createProject({ 'a.js': 'one', 'b.js': 'two', 'c.js': 'six', 'd.js': 'ten' })
  const watcher = new EventEmitter()
  catchLateSaves(watcher as ViteDevServer['watcher'])
  const seen: string[] = []
  watcher.on('change', (_, { size }: Stats) => seen.push(`change ${size}`))
  watcher.on('all', (event, _, { size }: Stats) => seen.push(`all ${event} ${size}`))
  /** Tells of a change as the watcher does. */
  const report = (name = 'a.js', stats = statSync(join(root, name))) => {
    watcher.emit('change', join(root, name), stats)
    watcher.emit('all', 'change', join(root, name), stats)
  }
  return { root, watcher, seen, report, save: (content: string, name = 'a.js') => write(name, content) }
}

test('a save that the watcher swallows is reported, once, also if the watcher finds it in the end', async () => {
  const { watcher, seen, report, save } = watch()
  report()
  save('three')
  await once(watcher, 'all')
  expect(seen).toEqual(['change 3', 'all change 3', 'change 5', 'all change 5'])
  report()
  save('a fourth')
  report()
  expect(seen.slice(4)).toEqual(['change 8', 'all change 8'])
})

test('a save that the watcher swallows is reported although its time and length are those of the one before', async () => {
  const { root, watcher, seen, report, save } = watch()
  // a clock that is behind the drive's: as fresh as the write of this very millisecond
  const time = new Date(Date.now() + 60_000)
  utimesSync(join(root, 'a.js'), time, time)
  report()
  save('two')
  utimesSync(join(root, 'a.js'), time, time)
  await once(watcher, 'all')
  expect(seen).toEqual(['change 3', 'all change 3', 'change 3', 'all change 3'])
})

test('a save that the watcher reports twice in the moment of it is one, and one that follows with its time and length is another', async () => {
  const { root, seen, report, save } = watch()
  // a clock that is behind the drive's: as fresh as the write of this very millisecond
  const time = new Date(Date.now() + 60_000)
  utimesSync(join(root, 'a.js'), time, time)
  report()
  report()
  expect(seen).toEqual(['change 3', 'all change 3'])
  save('two')
  utimesSync(join(root, 'a.js'), time, time)
  report()
  expect(seen.slice(2)).toEqual(['change 3', 'all change 3'])
})

test('a save that the watcher swallows after one that was held back is reported', async () => {
  const { root, watcher, seen, report, save } = watch()
  const past = new Date(1_700_000_000_123)
  utimesSync(join(root, 'a.js'), past, past)
  report()
  await until(() => seen.length === 2, 'the save')
  report()
  save('three')
  await once(watcher, 'all')
  expect(seen).toEqual(['change 3', 'all change 3', 'change 5', 'all change 5'])
  report()
  expect(seen).toHaveLength(4)
})

test('a save that the watcher reports twice is one, and one that gives a file its old time and length is another', async () => {
  const { root, seen, report, save } = watch()
  report()
  await until(() => Date.now() - statSync(join(root, 'a.js')).mtimeMs > 200, 'the watcher to hear again')
  report()
  chmodSync(join(root, 'a.js'), 0o600)
  report()
  expect(seen).toEqual(['change 3', 'all change 3'])
  const past = new Date(1_700_000_000_123)
  utimesSync(join(root, 'a.js'), past, past)
  for (const _ of [1, 2]) report()
  expect(seen).toHaveLength(4)
  // replaced by a file with the same time
  rmSync(join(root, 'b.js'))
  save('new', 'b.js')
  utimesSync(join(root, 'b.js'), past, past)
  renameSync(join(root, 'b.js'), join(root, 'a.js'))
  for (const _ of [1, 2]) report()
  expect(seen).toHaveLength(6)
})

test('a save is not reported again for what was written before Vite read it, whoever finds that in the end', async () => {
  const { root, watcher, seen, report, save } = watch()
  // the watcher looked in the middle of the save
  const empty = { ...statSync(join(root, 'a.js')), size: 0 } as Stats
  report('a.js', empty)
  await lateSaveOf('b.js')
  // Vite waited for the content
  save('')
  report()
  save('three')
  noteContent(join(root, 'a.js'), 'three')
  await lateSaveOf('c.js')
  expect(seen.filter((line) => line.startsWith('all'))).toEqual([
    ...['all change 0', 'all change 3', 'all change 7'],
    ...['all change 0', 'all change 3', 'all change 7'],
  ])
  // who finds it only now, when it has been compared, says nothing new; a save after that is another one
  await lateSaveOf('d.js')
  const { length } = seen
  report()
  expect(seen).toHaveLength(length)
  save('a fourth')
  report()
  expect(seen.slice(length)).toEqual(['change 8', 'all change 8'])

  /** The other file's turn comes after that of the first. */
  async function lateSaveOf(name: string): Promise<void> {
    report(name)
    save(`${'x'.repeat(statSync(join(root, name)).size)}late`, name)
    await once(watcher, 'all')
  }
})
