/** A top-level await that never settles, in the app's process: the save that mends it is what runs, once, whoever accepts it. */
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { run, until } from '../../support/child.ts'
import { ACCEPTS, NEVER } from '../../support/endless-await.ts'
import { createProject } from '../../support/project.ts'

const CLI = join(import.meta.dirname, '../../../dist/cli.js')

const leaf = (value: number, wait = '') =>
  `console.log('${value} begins ' + process.pid); ${wait}; export const value = ${value}`

const cases = Object.keys(ACCEPTS).flatMap((accepts) => [true, false].map((standby) => ({ accepts, standby })))

test.each(cases)('accepted by $accepts, standby: $standby', async ({ accepts, standby }) => {
  const [imports, accept] = ACCEPTS[accepts]!
  const project = createProject({
    'package.json': '{ "type": "module" }',
    // it says what it has at each change, and once more each time it is made anew
    'main.js': `${imports}
      let said
      const timer = setInterval(() => { if (current !== said) console.log('now ' + (said = current) + ' in ' + process.pid) }, 10)
      import.meta.hot.dispose(() => clearInterval(timer))
      ${accept}`,
    'leaf.js': leaf(1),
  })
  const app = run(process.execPath, [CLI, 'main.js', ...(standby ? [] : ['--no-standby'])], { cwd: project.root })
  onTestFinished(() => app.end())
  const says = (pattern: RegExp) => app.text.match(new RegExp(pattern, 'g')) ?? []
  await app.match(/now 1 in/)
  await app.match(/ready in/)
  const [, pid] = await app.match(/now 1 in (\d+)/)
  // twice: what the first has left behind is nothing to the second
  for (const good of [3, 5]) {
    project.write('leaf.js', leaf(good - 1, NEVER))
    await app.match(new RegExp(`^${good - 1} begins`, 'm'))
    project.write('leaf.js', leaf(good))
    await app.match(new RegExp(`^now ${good} in`, 'm'))
  }
  // one that is left would say it, too
  project.write('leaf.js', leaf(6))
  const [, last] = await app.match(/^now 6 in (\d+)/m)
  await until(() => says(/now 6 in/).length > 0, 'the last value')
  expect(says(/now 6 in/)).toHaveLength(1)
  expect(app.text).not.toMatch(/now [24]/)
  expect(last === pid).toBe(accepts !== 'nobody')
})
