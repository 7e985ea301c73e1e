import { EventEmitter, once } from 'node:events'
import { type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ViteDevServer } from 'vite'
import { describe, expect, test } from 'vitest'
import { catchLateSaves } from '../../../src/server/late-saves.ts'
import { createProject } from '../../support/project.ts'

/** A watcher under our control, over a real file. */
function watch() {
  const { root, write } = createProject({ 'a.js': 'one' })
  const file = join(root, 'a.js')
  const watcher = new EventEmitter()
  catchLateSaves(watcher as ViteDevServer['watcher'])
  const seen: string[] = []
  watcher.on('change', (_, { size }: Stats) => seen.push(`change ${size}`))
  watcher.on('all', (event, _, { size }: Stats) => seen.push(`all ${event} ${size}`))
  /** What the watcher does when it has found a change. */
  const report = () => {
    const stats = statSync(file)
    watcher.emit('change', file, stats)
    watcher.emit('all', 'change', file, stats)
  }
  return { watcher, seen, report, save: (content: string) => write('a.js', content) }
}

describe('catchLateSaves', () => {
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
})
