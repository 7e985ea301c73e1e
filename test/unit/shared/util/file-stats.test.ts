import { expect, test } from 'vitest'
import { filesNamed } from '../../../../src/shared/util/file-stats.ts'
import { createProject } from '../../../support/project.ts'

/** Files beside each other; `a.b` is a name with a dot in it. */
const FILES = ['a.ts', 'a.js', 'a.b.ts', 'ab.ts', 'a/index.js', 'a/index.css', 'a/b.ts', 'c/index/d.ts', 'c.ts/e.ts']

test.each([
  ['a', ['a.b', 'a.js', 'a.ts', 'a/index.css', 'a/index.js']],
  ['a.b', ['a.b.ts']],
  ['a/b', ['a/b.ts']],
  // c.ts is a folder, as c/index is
  ['c', []],
  ['none', []],
  ['none/at/all', []],
])('the files that are named %s are those of any extension, and the index of that folder', (name, expected) => {
  const { path, root } = createProject(Object.fromEntries([...FILES, 'a.b'].map((file) => [file, ''])))
  const found = [...filesNamed(path(name))].map(([file]) => file.slice(root.length + 1))
  expect(found.toSorted()).toEqual(expected)
})
