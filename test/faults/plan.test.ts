import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CHECKS } from './plan.ts'

const text = (file: string) => readFileSync(join(import.meta.dirname, '../..', file), 'utf8')
/** The name of the driver that only the fault suite has; the tests of the drivers carry it in their titles. */
const CUT = 'through cut links'

test.each(CHECKS)('the tests of $id, $what, are where the plan says', ({ tests }) => {
  for (const [file, titles] of Object.entries(tests)) {
    const code = text(file)
    for (const title of titles) {
      if (title === CUT) expect(code).toContain('of drivers) {')
      else expect(code).toContain(title)
    }
  }
})

test('the driver whose links are cut is called as the plan calls it', () => {
  expect(text('test/support/hmr-driver.ts')).toContain(CUT)
})
