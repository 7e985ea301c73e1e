/** A failed update leaves nothing of its own behind: not what its import()s made while the failure was waited out, either. */
import { expect, test } from 'vitest'
import { drivers } from '../../support/hmr-driver.ts'
import { filesOf, LATER, liveIn, MAIN, STARTS } from '../../support/rollback-import.ts'

const cases = drivers.flatMap((driver) =>
  Object.keys(STARTS).flatMap((start) =>
    Object.keys(LATER).map((later) => ({ driver, name: driver.name, start, later })),
  ),
)

test.each(cases)('all that a failed update has made is disposed: $start, then $later, $name', async (each) => {
  const app = await each.driver.start({ entry: '/main.js', files: filesOf(each.later) })
  const live = () => liveIn(app.logs)
  const next = `${STARTS[each.start]}; ${MAIN}`
  const failed = await app.after(() => app.write('main.js', `${next}; throw new Error('no')`))
  expect(failed.outcome).toBe('failed')
  const { main: one, ...others } = live()
  expect(one).toBe(1)
  expect(Object.keys(others)).toContain('later')
  expect(new Set(Object.values(others))).toEqual(new Set([0]))

  await app.after(() => app.write('main.js', next))
  await app.until(() => live().later === 1 && Object.values(live()).every((count) => count === 1))
})
