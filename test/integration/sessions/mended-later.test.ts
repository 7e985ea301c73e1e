/** Code that is saved while Vite is down and cannot be transformed: the runner keeps its code, and the correction is an update like any other. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { freePort } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { attach, startServer } from '../../support/tether.ts'

test.each<[string, string, string]>([
  ['a syntax error, then new code', 'export const = 1', "export const text: string = 'two'"],
  ['a syntax error, then the code from before', 'export const = 1', "export const text: string = 'one'"],
  [
    'an import of nothing, then new code',
    "import './none.ts'\nexport const text = ''",
    "export const text: string = 'two'",
  ],
])('%s: the state is kept', async (_what, broken, mended) => {
  const project = createProject({
    'main.ts': `
      import { text } from './text.ts'
      export const state = { text, count: 0 }
      import.meta.hot?.accept('./text.ts', (next) => {
        state.text = next!.text
      })
    `,
    'text.ts': "export const text: string = 'one'",
  })
  const options = { attach: { port: await freePort(), token: 'the-token-of-both-servers' } }
  const before = await startServer(project.root, options)
  const { runner } = await attach(before, project.root)
  const { state } = await runner.import('/main.ts')
  state.count = 5
  await before.server.close()

  project.write('text.ts', broken)
  const compared = once(runner, 'applied')
  await startServer(project.root, options)
  expect((await compared)[0]).toMatchObject({ outcome: 'failed' })

  const corrected = once(runner, 'applied')
  project.write('text.ts', mended)
  expect((await corrected)[0]).toMatchObject({
    outcome: 'updated',
    updates: [{ boundary: '/main.ts', accepted: '/text.ts' }],
  })
  expect((await runner.import('/main.ts')).state).toBe(state)
  expect(state).toEqual({ text: mended.includes('two') ? 'two' : 'one', count: 5 })
})
