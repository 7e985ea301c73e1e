/** A failed update leaves nothing of its own behind in the app's process either, and that process runs on. */
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { run, until } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { filesOf, LATER, liveIn, MAIN, STARTS } from '../../support/rollback-import.ts'

const CLI = join(import.meta.dirname, '../../../dist/cli.js')

const cases = Object.keys(STARTS).flatMap((start, at) =>
  Object.keys(LATER).map((later, index) => ({ start, later, standby: (at + index) % 2 === 0 })),
)

test.each(cases)('$start, then $later, standby: $standby', async ({ start, later, standby }) => {
  const project = createProject({
    'package.json': '{ "type": "module" }',
    ...filesOf(later),
    'app.js': `import './log.js'; import './main.js'; console.log('pid ' + process.pid); setInterval(() => {}, 1000)`,
    'log.js': `globalThis.log = console.log`,
  })
  const app = run(process.execPath, [CLI, 'app.js', ...(standby ? [] : ['--no-standby'])], { cwd: project.root })
  onTestFinished(() => app.end())
  const live = () => liveIn(app.text.split('\n').filter((line) => / (?:made|disposed)$/.test(line)))
  await app.match(/pid \d+/)
  await app.match(/ready in/)
  const next = `${STARTS[start]}; ${MAIN}`
  project.write('main.js', `${next}; throw new Error('no')`)
  await app.match(/still runs the code from before/)
  // the app's own lines come by another way than that one, and may come after it
  await until(() => {
    const { main, ...others } = live()
    return main === 1 && 'later' in others && Object.values(others).every((count) => count === 0)
  }, 'the end of all that the failed update has made')

  project.write('main.js', next)
  await until(() => live().later === 1 && Object.values(live()).every((count) => count === 1), 'one of each')
  expect(app.text.match(/^pid \d+/gm)).toHaveLength(1)
  expect(app.text).not.toMatch(/restarted/)
})
