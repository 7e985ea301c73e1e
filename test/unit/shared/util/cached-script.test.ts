import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { runScript } from '../../../../src/shared/util/cached-script.ts'
import { createProject } from '../../../support/project.ts'

const TEXT = (value: string) =>
  `exports.value = () => '${value}'\nexports.where = [__filename, require('node:path').sep]\nexports.stack = () => new Error().stack`

/** A file with that text, and how it is run. */
function script(value: string) {
  const project = createProject({ 'file.cjs': TEXT(value) })
  const [file, folder] = [project.path('file.cjs'), project.path('cache')]
  const names = () => (existsSync(folder) ? readdirSync(folder) : [])
  return {
    ...{ project, file, folder, names },
    kept: () => join(folder, names()[0]!),
    run() {
      const { exports, keep } = runScript(file, folder)
      const { value, where } = exports as { value(): string; where: string[] }
      const answer = value()
      keep()
      expect(where[0]).toBe(file)
      return answer
    },
  }
}

test('a script is run, and what is compiled of it is kept once', () => {
  const { run, names, kept } = script('a')
  expect(run()).toBe('a')
  expect(names()).toEqual([expect.stringMatching(/^file\.cjs-[\da-f]{16}-v\d.*$/)])
  const written = readFileSync(kept())
  expect(run()).toBe('a')
  expect(readFileSync(kept()).equals(written)).toBe(true)
})

test('what is kept of one text is not used for another of the same length', () => {
  const { run, project, names } = script('aaaa')
  expect(run()).toBe('aaaa')
  const [old] = names()
  project.write('file.cjs', TEXT('bbbb'))
  expect(run()).toBe('bbbb')
  expect(run()).toBe('bbbb')
  expect(names()).toEqual([expect.not.stringMatching(old!)])
})

test('a copy of a script that lies elsewhere is itself in its stacks', () => {
  const { run, project, folder } = script('a')
  run()
  project.write('copy/file.cjs', TEXT('a'))
  const { exports } = runScript(project.path('copy/file.cjs'), folder)
  expect((exports as { stack(): string }).stack()).toContain(project.path('copy/file.cjs'))
})

test('what other versions of Node have kept of the same text stays', () => {
  const { run, names, folder } = script('a')
  run()
  const other = `${names()[0]!.replace(/-v.*/, '')}-v99.0.0-x64`
  writeFileSync(join(folder, other), '')
  writeFileSync(join(folder, 'file.cjs-0000000000000000-v99.0.0-x64'), '')
  // damaged, so that it is written again
  writeFileSync(join(folder, names().find((name) => name !== other && !name.includes('0000000000000000'))!), '')
  run()
  expect(names()).toHaveLength(2)
  expect(names()).toContain(other)
})

test.each<[how: string, damage: (kept: Buffer) => Buffer]>([
  ['is empty', () => Buffer.alloc(0)],
  ['is shorter than a digest', (kept) => kept.subarray(0, 20)],
  ['is truncated', (kept) => kept.subarray(0, kept.length >> 1)],
  ['has one byte changed in the middle', (kept) => changed(kept, kept.length >> 1)],
  ['has one byte changed at its end', (kept) => changed(kept, kept.length - 1)],
  ['has another digest', (kept) => changed(kept, 0)],
  ['is text', () => Buffer.from('no compiled code at all '.repeat(99))],
])('kept code that %s is as none, and is written anew', (_, damage) => {
  const { run, kept } = script('a')
  run()
  const whole = readFileSync(kept())
  writeFileSync(kept(), damage(whole))
  expect(run()).toBe('a')
  expect(readFileSync(kept()).length).toBe(whole.length)
})

test('where nothing can be written the script runs without', () => {
  const { run, folder, names } = script('a')
  writeFileSync(folder, 'a file')
  expect(run()).toBe('a')
  rmSync(folder)
  expect(names()).toEqual([])
})

test.each(['NODE_V8_COVERAGE', 'NODE_DISABLE_COMPILE_CACHE'])('with %s nothing is kept', (name) => {
  const { run, names } = script('a')
  vi.stubEnv(name, '1')
  expect(run()).toBe('a')
  expect(names()).toEqual([])
  vi.unstubAllEnvs()
})

function changed(kept: Buffer, at: number): Buffer {
  const copy = Buffer.from(kept)
  copy[at]! ^= 0xff
  return copy
}
