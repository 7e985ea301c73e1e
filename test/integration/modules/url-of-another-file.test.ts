/** A URL that means a file of another name: what is loaded by it is updated by each later save of that file. */
import { expect, test } from 'vitest'
import { createProject } from '../../support/project.ts'
import { attach, startServer, watched } from '../../support/tether.ts'

/** URL -> the file that it means. */
const URLS: Record<string, string> = {
  '/src/c.js': 'src/c.ts',
  '/src/c.jsx': 'src/c.tsx',
  '/src/c': 'src/c.ts',
  '/src/dir': 'src/dir/index.ts',
  '/src/dir/index.js': 'src/dir/index.ts',
}
const module = (value: number) => `export const value = ${value}\nimport.meta.hot!.accept()`

test.each(Object.entries(URLS))('an attached runner imports %s, which is %s', async (url, file) => {
  const project = createProject({ 'package.json': '{ "type": "module" }', [file]: module(1) })
  const started = await startServer(project.root, { attach: true })
  const { runner, applied } = await attach(started, project.root)
  expect((await runner.import(url)).value).toBe(1)
  for (const value of [2, 3]) {
    const report = applied()
    project.write(file, module(value))
    expect(await report).toMatchObject({ outcome: 'updated' })
    expect((await runner.import(url)).value).toBe(value)
  }
})

test.each([
  ['src/c.js', 'src/c.ts'],
  ['src/dir.ts', 'src/dir/index.ts'],
])('%s is renamed to %s while Vite restarts, and saved twice after that', async (from, to) => {
  const specifier = `./${from.slice(4).replace('.ts', '')}`
  const main = (text: string) =>
    `import { value } from '${specifier}'; export const seen = value + '${text}'; import.meta.hot!.accept()`
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'src/main.ts': main('!'),
    [from]: 'export const value = 1',
    'src/dir/empty.ts': '',
  })
  const started = await startServer(project.root, { attach: true })
  const { runner } = await attach(started, project.root)
  const seen = async () => (await runner.import('/src/main.ts')).seen
  expect(await seen()).toBe('1!')
  project.rename(from, to)
  await started.server.restart()
  await watched(started.server)
  for (const value of [2, 3]) {
    project.write(to, `export const value = ${value}`)
    await expect.poll(seen, { timeout: 8000 }).toBe(`${value}!`)
  }
})
