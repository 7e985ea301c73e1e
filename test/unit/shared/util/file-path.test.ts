import { expect, test } from 'vitest'
import { fromFsUrl, isFilePath, slash, toFsUrl } from '../../../../src/shared/util/file-path.ts'

test.each(['/srv/app/a.ts', 'C:/app/a.ts'])('%s is a file, and its URL leads back to it', (path) => {
  expect(isFilePath(path)).toBe(true)
  expect(fromFsUrl(toFsUrl(path))).toBe(path)
  // Vite writes one slash, people write two
  expect(fromFsUrl(`/@fs//${path}`)).toBe(path)
})

test.each(['\0virtual:x', 'virtual:x', './a.ts', 'C:x', ''])('%j is no path of a file', (id) => {
  expect(isFilePath(id)).toBe(false)
  expect(fromFsUrl(id)).toBeUndefined()
})

test('a path is written with forward slashes', () => {
  expect(slash('C:\\app\\a.ts')).toBe('C:/app/a.ts')
})
