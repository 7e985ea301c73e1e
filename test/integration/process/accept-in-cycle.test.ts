/** A module of a cycle accepts the entry, and is saved with code that cannot start: that accept has no say, and the process is not given up. */
import { expect, test } from 'vitest'
import { BACK, FAULTS } from '../../support/accept-in-cycle.ts'
import { startApp } from '../../support/app.ts'

const cases = Object.keys(BACK).flatMap((back, at) =>
  Object.keys(FAULTS).map((fault, index) => ({ back, fault, standby: (at + index) % 2 === 0 })),
)

test.each(cases)('$back, $fault, standby: $standby', async ({ back, fault, standby }) => {
  const code = (n: number, more = '') =>
    `${BACK[back]}; export const n = ${n}; import.meta.hot?.accept('./main.js'); ${more}`
  const { project, hub, line, lines } = await startApp(
    {
      'package.json': '{ "type": "module" }',
      'main.js': `import { n } from './a.js'; setInterval(() => console.log('now ' + n), 20)`,
      'a.js': code(1),
    },
    { entry: 'main.js', standby },
  )
  await line(/^now 1/)
  const { pid } = hub.runners[0]!
  project.write('a.js', code(2, FAULTS[fault]))
  await line(/still runs the code from before/)
  expect(hub.runners[0]).toMatchObject({ pid, state: 'ready' })
  expect(lines.filter((each) => /restarted|hot updated/.test(each))).toEqual([])
  project.write('a.js', code(3))
  await line(/^now 3/)
  expect(lines).not.toContain('now 2')
  // no boundary is left: the next process runs it
  expect(hub.runners[0]!.pid).not.toBe(pid)
})
