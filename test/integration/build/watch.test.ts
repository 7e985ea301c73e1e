/** `vite build --watch`: whatever is saved, the server is one of the pages that lie beside it. */
import { existsSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { askAt, createFullStack, runVite, startAt } from '../../support/built-app.ts'
import { FRONT } from '../../support/built-cases.ts'
import { until } from '../../support/child.ts'
import type { Project } from '../../support/project.ts'

const SCRIPT = /\/assets\/index-[\w-]+\.js/

/** The script of the page in the client, if the server, whose template that page is, has the same; and the word of the server's code. */
function built(project: Project): { script: string; word: string } | undefined {
  const files = ['dist/client/index.html', 'dist/server/index.js', 'dist/server/assets'].map((path) =>
    project.path(path),
  )
  if (!files.every((path) => existsSync(path))) return undefined
  const script = SCRIPT.exec(project.read('dist/client/index.html'))?.[0]
  const [main] = readdirSync(files[2]!).filter((name) => name.endsWith('.js'))
  const code = main === undefined ? '' : project.read(`dist/server/assets/${main}`)
  const index = project.read('dist/server/index.js')
  if (script === undefined || SCRIPT.exec(code)?.[0] !== script) return undefined
  if (!index.includes(script) || !index.includes(main!)) return undefined
  return { script, word: /word (\w+)/.exec(code)![1]! }
}

test('each save makes both whole', async () => {
  const project = createFullStack(
    {
      ...FRONT,
      'src/main.ts': `
        import template from '../index.html?raw'
        import { word } from './word.ts'
        export default { fetch: ({ url }) => new Response(new URL(url).pathname === '/word' ? word : template) }
      `,
      'src/word.ts': "export const word = 'word one'",
    },
    "{ entry: 'src/main.ts', build: true }",
    "appType: 'custom'",
  )
  const watching = runVite(project, 'build', '--watch')
  const settled = async (isMeant: (now: { script: string; word: string }) => boolean) => {
    let now: ReturnType<typeof built>
    await until(async () => {
      try {
        now = built(project)
      } catch {
        // a file has just gone
        now = undefined
      }
      return now !== undefined && isMeant(now)
    }, 'both builds to be of one')
    return now!
  }
  const first = await settled(({ word }) => word === 'one')
  project.write('src/word.ts', "export const word = 'word two'")
  expect((await settled(({ word }) => word === 'two')).script).toBe(first.script)
  project.write('client/main.ts', "document.title = 'saved'")
  const saved = await settled(({ script }) => script !== first.script)
  project.write('client/main.ts', 'document.title = {')
  await watching.match(/client\/main\.ts/)
  project.write('client/main.ts', "document.title = 'mended'")
  const mended = await settled(({ script }) => ![first.script, saved.script].includes(script))
  await watching.end()
  const { port } = await startAt('production', project, '/word')
  expect((await askAt(port, '/')).body).toContain(mended.script)
  expect((await askAt(port, mended.script)).headers['cache-control']).toContain('immutable')
}, 90_000)
