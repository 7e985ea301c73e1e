/** The option `cache`: a project can do without what a start leaves for the next one. */
import { symlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { createApp, startOnce } from '../../support/kept-start.ts'

const repository = resolve(import.meta.dirname, '../../..')
const config = (options: string) =>
  `import { tether } from 'vite-tether'\nexport default { plugins: [tether(${options})] }\n`

test('with `cache: false` in the config nothing is kept, nor used that was kept before', async () => {
  const project = createApp({ 'src/main.ts': `console.log('app runs')\n`, 'vite.config.ts': config('') })
  symlinkSync(repository, project.path('node_modules/vite-tether'))
  expect(await startOnce(project)).toMatchObject({ begun: 0, kept: 1 })
  expect(await startOnce(project)).toMatchObject({ begun: 1 })
  project.write('vite.config.ts', config('{ cache: false }'))
  for (const _ of [1, 2]) expect(await startOnce(project)).toEqual({ says: ['app runs'], begun: 0, kept: 0 })
})
