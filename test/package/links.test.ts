import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { type Packed, pack } from '../support/packed.ts'

let packed: Packed
beforeAll(async () => {
  packed = await pack()
})

/** Files that pages link to and the package leaves out; docs/README.md says so. */
const IN_THE_REPOSITORY =
  /^(examples(?:\/|$)|bench$|test\/support\/|ARCHITECTURE\.md$|CONTRIBUTING\.md$|docs\/images\/.*\.png$)/

test('links of the pages reach a file of the package; what is in the repository alone is named by its address as soon as there is one', () => {
  const pages = packed.files.map(({ path }) => path).filter((path) => path.endsWith('.md'))
  expect(pages.length).toBeGreaterThan(20)
  const { homepage } = packed.manifest as { homepage?: string }
  const broken = pages.flatMap((page) =>
    Array.from(
      readFileSync(join(packed.folder, page), 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g),
      ([, link]) => {
        const target = relative(packed.folder, join(packed.folder, dirname(page), link!))
        // a folder of the package may be there without what the link means, as bench/ is
        const reaches = existsSync(join(packed.folder, target)) && !IN_THE_REPOSITORY.test(target)
        return reaches || (homepage === undefined && IN_THE_REPOSITORY.test(target)) ? '' : `${page}: ${link}`
      },
    ).filter(Boolean),
  )
  expect(broken).toEqual([])
})
