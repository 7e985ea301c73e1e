import type { Plugin } from 'vite'
import { expect, test } from 'vitest'
import { createProject } from '../../support/project.ts'
import { startServer, watched } from '../../support/tether.ts'

test('a save that falls into the comparison after a restart of Vite is one update', async () => {
  const project = createProject({
    'main.ts': `
      import { plain } from './plain.ts'
      console.log('started ' + plain)
      import.meta.hot.accept('./plain.ts', (next) => console.log('now ' + next.plain))
      setInterval(() => {}, 1000)
    `,
    'plain.ts': 'export const plain = 1',
  })
  let gate: Promise<void> | undefined
  let reached = () => {}
  const slow: Plugin = {
    name: 'slow',
    load: {
      order: 'pre',
      async handler(id) {
        if (gate === undefined || !id.endsWith('/plain.ts')) return
        reached()
        await gate
      },
    },
  }
  const { server, line, lines } = await startServer(project.root, { entry: 'main.ts' }, { plugins: [slow] })
  await line(/^started 1/)

  const comparing = new Promise<void>((resolve) => {
    reached = resolve
  })
  let open = () => {}
  gate = new Promise((resolve) => {
    open = resolve
  })
  await server.restart()
  await comparing
  await watched(server)
  project.edit('plain.ts', '1', '2')
  const { moduleGraph } = server.environments.ssr
  const nodes = () => [...(moduleGraph.getModulesByFile(project.path('plain.ts')) ?? [])]
  await expect.poll(() => nodes().map((node) => node.lastHMRTimestamp > 0)).toEqual([true])
  open()
  await line(/^now 2/)
  project.edit('plain.ts', '2', '3')
  await line(/^now 3/)
  expect(lines.filter((each) => each.startsWith('now '))).toEqual(['now 2', 'now 3'])
})
