/** Plugins emit on Vite's watcher what is no file, as for a virtual module: whoever asks the file system must not throw at them. */
import { EventEmitter } from 'node:events'
import { symlinkSync } from 'node:fs'
import type { ViteDevServer } from 'vite'
import { expect, test } from 'vitest'
import { isMadeSince, isOutput } from '../../../../src/server/apps/own-writes.ts'
import { catchBlindSaves } from '../../../../src/server/vite/blind-saves.ts'
import { catchLateSaves } from '../../../../src/server/vite/late-saves.ts'
import { createProject } from '../../../support/project.ts'

test.each<[string, string]>([
  ['the id of a virtual module', '\0virtual:routes'],
  ['a name of no file', 'virtual:routes'],
  ['an empty text', ''],
  ['a path below a file', '/a.js/b.js'],
  ['a name that is too long', `/${'x'.repeat(5000)}`],
  ['a link that leads to itself', '/loop'],
])('%s is nothing that was saved', (_, name) => {
  const { root } = createProject({ 'a.js': '' })
  symlinkSync('loop', `${root}/loop`)
  const path = name.startsWith('/') ? root + name : name
  const watcher = new EventEmitter() as ViteDevServer['watcher']
  catchLateSaves(watcher)
  catchBlindSaves(watcher).reading(path)
  const heard: unknown[] = []
  watcher.on('change', (file) => heard.push(file))
  watcher.emit('change', path)
  watcher.emit('all', 'change', path)
  expect(heard).toEqual([path])
  expect(isMadeSince(path, 0)).toBe(false)
  expect(isOutput(path)).toBe(false)
})
