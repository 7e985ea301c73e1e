/** The link of a process that has begun without a server is loaded when there is one: by then the app may have changed what is global. */
import { expect, test } from 'vitest'
import { begin, createApp, readStart } from '../../support/kept-start.ts'

test('an app that has removed the global Buffer is updated by a server that comes later', async () => {
  const project = createApp({
    'src/main.ts': `import { text } from './text.ts'
      Reflect.deleteProperty(globalThis, 'Buffer')
      console.log('app ' + text)
      import.meta.hot?.accept('./text.ts', (next) => console.log('app ' + next!.text))
      if (process.env.STAYS) setInterval(() => {}, 1000)`,
    'src/text.ts': "export const text = 'old'",
  })
  const first = begin(project, [], { STAYS: '1' })
  await first.match(/modules are kept/)
  process.kill(first.pid, 'SIGTERM')
  await first.exited
  const running = begin(project, [], { STAYS: '1' })
  await running.match(/app old/)
  project.edit('src/text.ts', 'old', 'new')
  await running.match(/app new/)
  expect(readStart(running)).toMatchObject({ says: ['app old', 'app new'], begun: 2 })
})
