/** `server.hmr: false`: apps are restarted, and attached runners, which nobody restarts, evaluate their entries again. */
import { expect, test } from 'vitest'
import { createProject } from '../../support/project.ts'
import { attach, startServer } from '../../support/tether.ts'

const OFF = { server: { hmr: false } } as const

const MAIN: Record<string, string> = {
  'an import': "import { text } from './text.ts'\nglobalThis.said.push(text)",
  'an import()': "const { text } = await import('./text.ts')\nglobalThis.said.push(text)",
  'a re-export': "import { text } from './middle.ts'\nglobalThis.said.push(text)",
}

declare global {
  var said: string[]
}

test.each(Object.keys(MAIN))(
  'a save of what an attached runner holds by %s evaluates its entry again, and is said on both sides',
  async (how) => {
    globalThis.said = []
    const project = createProject({
      'src/main.ts': `${MAIN[how]}\nif (import.meta.hot) throw new Error('there is HMR')`,
      'src/middle.ts': "export { text } from './text.ts'",
      'src/text.ts': "export const text: string = 'one'",
    })
    const server = await startServer(project.root, { attach: true }, OFF)
    const { line, lines } = await attach(server, project.root, { entry: 'src/main.ts' })
    expect(said).toEqual(['one'])
    project.edit('src/text.ts', 'one', 'two')
    await line(/program reload/)
    expect(said).toEqual(['one', 'two'])
    await server.line(/program reload/)
    // a save that cannot run leaves what runs, and the correction is taken
    project.write('src/text.ts', 'export const text: string = ')
    await line(/update failed/)
    await server.line(/update failed, the code from before runs/)
    project.write('src/text.ts', "export const text: string = 'three'")
    await line(/program reload/)
    await expect.poll(() => said).toEqual(['one', 'two', 'three'])
    expect(lines.filter((each) => /program reload/.test(each))).toHaveLength(2)
  },
)

test('a file that comes back is loaded anew, and what a runner does not hold does not touch it', async () => {
  globalThis.said = []
  const project = createProject({
    'src/main.ts': MAIN['an import']!,
    'src/text.ts': "export const text: string = 'one'",
    'src/other.ts': 'export const other = 1',
  })
  const server = await startServer(project.root, { attach: true }, OFF)
  await server.server.environments.ssr.transformRequest('/src/other.ts')
  const { line, lines } = await attach(server, project.root, { entry: 'src/main.ts' })
  project.edit('src/other.ts', '1', '2')
  project.remove('src/text.ts')
  await line(/update failed/)
  project.write('src/text.ts', "export const text: string = 'two'")
  await line(/program reload/)
  expect(said).toEqual(['one', 'two'])
  expect(lines.filter((each) => /program reload/.test(each))).toHaveLength(1)
})

test('one that is only to report says that it runs the code from before', async () => {
  globalThis.said = []
  const project = createProject({
    'src/main.ts': MAIN['an import']!,
    'src/text.ts': "export const text: string = 'one'",
  })
  const server = await startServer(project.root, { attach: true }, OFF)
  await attach(server, project.root, { entry: 'src/main.ts', onUnaccepted: 'restart' })
  project.edit('src/text.ts', 'one', 'two')
  await server.line(/runs the code from before: nothing accepts/)
  expect(said).toEqual(['one'])
})
